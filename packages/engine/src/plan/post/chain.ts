import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import type { PlanContext, StageBuffers } from '../context.js';
import { paddedChannels, type Stage } from '../graph/stage.js';
import { type Affine, affineOf } from './affine.js';

/**
 * The chain from a raw value to what readers see, for one vector of four channels:
 * `z = scale * y + shift`, activation, dropout factor.
 *
 * ReLU is homogeneous, so the dropout factor m >= 0 is folded into the coefficients:
 * `m * relu(scale * y + shift) = relu(m * scale * y + m * shift)`. Backward passes test the sign of the same
 * folded value, so both directions agree about every bit.
 */
export class Chain {
  readonly affine: Affine;
  readonly buffers: StageBuffers;
  readonly vectors: number;
  readonly #scale: Local | undefined;
  readonly #shift: Local | undefined;
  /** The dropout factor, where the stage has one. */
  readonly mask: Local | undefined;
  readonly #zero: Local;

  constructor(
    readonly f: FunctionBuilder,
    context: PlanContext,
    readonly stage: Stage,
  ) {
    this.affine = affineOf(stage);
    this.buffers = context.buffers[stage.index];
    this.vectors = paddedChannels(stage.raw.channels) / 4;
    if (this.affine === 'batchNorm' || stage.dropout) this.#scale = f.local('v128');
    if (this.affine !== 'none') this.#shift = f.local('v128');
    if (stage.dropout) this.mask = f.local('v128');
    this.#zero = f.local('v128');
  }

  /** Loads the coefficients of channel vector `vector` for image `image`. */
  setup(image: Local, vector: number): void {
    const { f, buffers, stage } = this;
    const at = vector * 16;
    if (this.mask)
      f.set(this.mask, v128.load(i32.mul(get(image), i32.const(this.vectors * 16)), buffers.mask + at));
    const folded = (value: Code) => (this.mask ? f32x4.mul(value, get(this.mask)) : value);
    if (this.#scale)
      f.set(
        this.#scale,
        this.affine === 'batchNorm'
          ? folded(v128.load(i32.const(0), buffers.scale + at))
          : get(this.mask as Local),
      );
    if (this.#shift) f.set(this.#shift, folded(v128.load(i32.const(0), buffers.shift + at)));
    if (stage.activation === 'relu') f.set(this.#zero, v128.zero());
  }

  /** `z`, the folded value before the activation. */
  preActivation(y: Code): Code {
    const scaled = this.#scale ? f32x4.mul(y, get(this.#scale)) : y;
    return this.#shift ? f32x4.add(scaled, get(this.#shift)) : scaled;
  }

  /** The activation of `z`. */
  activate(z: Code): Code {
    return this.stage.activation === 'relu' ? f32x4.pmax(z, get(this.#zero)) : z;
  }

  /** The gradient `d` where the activation lets it through. */
  gate(d: Code, z: Code): Code {
    return this.stage.activation === 'relu' ? v128.and(d, f32x4.gt(z, get(this.#zero))) : d;
  }
}
