import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import type { PlanContext, StageBuffers } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { ActivationCode, isHomogeneous } from '../kernels/activations.js';
import { VECTOR_BYTES, vectorsOf } from '../machine.js';
import { type Affine, affineOf } from './affine.js';

/**
 * The chain from a raw value to what readers see, for one vector of four channels:
 * `z = scale * (y - mean) + shift`, activation, dropout factor.
 *
 * ReLU is homogeneous, so the dropout factor m >= 0 is folded into the coefficients:
 * `m * relu(scale * y + shift) = relu(m * scale * y + m * shift)`. Backward passes test the sign of the same
 * folded value, so both directions agree about every bit. Behind other activations the factor stays outside.
 */
export class Chain {
  readonly affine: Affine;
  readonly buffers: StageBuffers;
  readonly vectors: number;
  readonly #scale: Local | undefined;
  readonly #shift: Local | undefined;
  readonly #mean: Local | undefined;
  /** The dropout factor, where the stage has one. */
  readonly mask: Local | undefined;
  readonly #activation: ActivationCode;
  readonly #folds: boolean;

  constructor(
    readonly f: FunctionBuilder,
    context: PlanContext,
    readonly stage: Stage,
  ) {
    this.affine = affineOf(stage);
    this.buffers = context.buffers[stage.index];
    this.vectors = vectorsOf(stage.raw.channels);
    this.#activation = new ActivationCode(f, stage.activation);
    this.#folds = stage.dropout !== undefined && isHomogeneous(stage.activation);
    if (this.affine === 'batchNorm' || this.#folds) this.#scale = f.local('v128');
    if (this.affine === 'batchNorm') this.#mean = f.local('v128');
    if (this.affine !== 'none') this.#shift = f.local('v128');
    if (stage.dropout) this.mask = f.local('v128');
  }

  /**
   * Loads the coefficients of neighbouring channel vectors, from `first` on, for image `image`. Each kind is loaded
   * for all chains before the next, so that a runtime can pack the loads.
   */
  static setup(chains: readonly Chain[], image: Local, first: number): void {
    const each = (load: (chain: Chain, at: number) => void) => {
      for (const [i, chain] of chains.entries()) load(chain, (first + i) * VECTOR_BYTES);
    };
    each((chain, at) => chain.#loadMask(image, at));
    each((chain, at) => chain.#loadScale(at));
    each((chain, at) => chain.#loadMean(at));
    each((chain, at) => chain.#loadShift(at));
  }

  #loadMask(image: Local, at: number): void {
    const imageMask = i32.mul(get(image), i32.const(this.vectors * VECTOR_BYTES));
    if (this.mask) this.f.set(this.mask, v128.load(imageMask, this.buffers.mask + at));
  }

  #loadScale(at: number): void {
    if (!this.#scale) return;
    const normed = this.affine === 'batchNorm';
    const scale = normed
      ? this.#folded(v128.load(i32.const(0), this.buffers.scale + at))
      : get(this.mask as Local);
    this.f.set(this.#scale, scale);
  }

  #loadMean(at: number): void {
    if (this.#mean) this.f.set(this.#mean, v128.load(i32.const(0), this.buffers.mean + at));
  }

  #loadShift(at: number): void {
    const shift = v128.load(i32.const(0), this.buffers.shift + at);
    if (this.#shift) this.f.set(this.#shift, this.#folded(shift));
  }

  #folded(value: Code): Code {
    return this.#folds ? f32x4.mul(value, get(this.mask as Local)) : value;
  }

  /**
   * `y - mean` where a batch norm follows, else `y`: what {@link preActivation} takes. The mean is taken off
   * first because its digits would push those of the deviation out of a float32.
   */
  centre(y: Code): Code {
    return this.#mean ? f32x4.sub(y, get(this.#mean)) : y;
  }

  /** `z`, the folded value before the activation, of a centred value. */
  preActivation(centred: Code): Code {
    const scaled = this.#scale ? f32x4.mul(centred, get(this.#scale)) : centred;
    return this.#shift ? f32x4.add(scaled, get(this.#shift)) : scaled;
  }

  /** What readers see of `z`: activated, with the dropout factor. */
  activate(z: Code): Code {
    const activated = this.#activation.apply(z);
    return this.mask && !this.#folds ? f32x4.mul(activated, get(this.mask)) : activated;
  }

  /** The gradient `d` taken back through the activation; the dropout factor is left to the caller. */
  gate(d: Code, z: Code): Code {
    return this.#activation.gradient(d, z);
  }
}
