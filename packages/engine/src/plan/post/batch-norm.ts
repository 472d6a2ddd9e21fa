import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32, f32x4, f64, get, i32, type Local, v128 } from '../../wasm/ops.js';
import { control, denseLayout, type PlanContext } from '../context.js';
import { paddedChannels, type Stage } from '../graph/stage.js';
import { channelPasses, forEachPixel } from '../kernels/planes.js';
import { biasOf } from './affine.js';

/** A function `(image, base)` that writes the image's `sum y` and `sum y^2` per channel. */
export function emitStatistics(context: PlanContext, stage: Stage): FunctionRef {
  return context.module.function(`statistics ${stage.name}`, ['i32', 'i32'], [], (f, [image]) => {
    const raw = denseLayout(stage, stage.raw);
    const buffers = context.buffers[stage.index];
    const vectors = paddedChannels(stage.raw.channels) / 4;
    const [from, partial] = f.locals('i32', 2);
    const sums = f.locals('v128', 4);
    const squares = f.locals('v128', 4);
    const y = f.local('v128');
    f.set(partial, i32.add(i32.mul(get(image), i32.const(vectors * 32)), i32.const(buffers.partial)));
    for (const { first, count } of channelPasses(vectors, 4)) {
      f.set(
        from,
        i32.add(i32.mul(get(image), i32.const(buffers.rawBytes)), i32.const(buffers.raw + first * 16)),
      );
      for (let i = 0; i < count; i++) {
        f.set(sums[i], v128.zero());
        f.set(squares[i], v128.zero());
      }
      forEachPixel(f, stage.raw.height, stage.raw.width, [{ local: from, ...raw }], () => {
        for (let i = 0; i < count; i++) {
          f.set(y, v128.load(get(from), i * 16));
          f.set(sums[i], f32x4.add(get(sums[i]), get(y)));
          f.set(squares[i], f32x4.add(get(squares[i]), f32x4.mul(get(y), get(y))));
        }
      });
      for (let i = 0; i < count; i++) {
        f.emit(v128.store(get(partial), get(sums[i]), (first + i) * 16));
        f.emit(v128.store(get(partial), get(squares[i]), (vectors + first + i) * 16));
      }
    }
  });
}

/** Sums a stage's per-image partial sums over the batch, one channel at a time, in float64, image by image. */
class PartialSums {
  readonly first: Local;
  readonly second: Local;
  readonly #at: Local;
  readonly #image: Local;

  constructor(
    readonly f: FunctionBuilder,
    readonly context: PlanContext,
    readonly stage: Stage,
  ) {
    [this.first, this.second] = f.locals('f64', 2);
    [this.#at, this.#image] = f.locals('i32', 2);
  }

  /** @param channelBytes Local with 4 times the channel. */
  read(channelBytes: Local): void {
    const { f, context, stage } = this;
    const channels = paddedChannels(stage.raw.channels);
    f.set(this.first, f64.const(0));
    f.set(this.second, f64.const(0));
    f.set(this.#at, i32.add(get(channelBytes), i32.const(context.buffers[stage.index].partial)));
    f.forRange(this.#image, i32.const(0), i32.load(i32.const(0), control.size), 1, () => {
      f.set(this.first, f64.add(get(this.first), f64.promote(f32.load(get(this.#at)))));
      f.set(this.second, f64.add(get(this.second), f64.promote(f32.load(get(this.#at), channels * 4))));
      f.advance(this.#at, channels * 8);
    });
  }
}

/** Values per channel in a batch. */
const countOf = (stage: Stage): Code =>
  f64.mul(
    f64.convertI32U(i32.load(i32.const(0), control.size)),
    f64.const(stage.raw.height * stage.raw.width),
  );

/**
 * A function `()` that turns the batch's sums into the norm's coefficients and moves the running statistics,
 * as `torch.nn.BatchNorm2d` does: biased variance for the norm, unbiased for the running one.
 */
export function emitNormalise(context: PlanContext, stage: Stage): FunctionRef {
  const { batchNorm } = stage;
  if (!batchNorm) throw new Error(`Stage ${stage.name} has no batch norm`);
  return context.module.function(`normalise ${stage.name}`, [], [], (f) => {
    const buffers = context.buffers[stage.index];
    const at = f.local('i32');
    const [count, mean, variance, inverse, scale] = f.locals('f64', 5);
    const sums = new PartialSums(f, context, stage);
    const bias = biasOf(stage);
    const weight = (
      ref: { name: string; shape: readonly number[]; trainable: boolean } | undefined,
      other: number,
    ) => (ref ? f64.promote(f32.load(get(at), context.weight(ref).value)) : f64.const(other));
    const store = (base: number, value: Code) => f.emit(f32.store(get(at), f32.demote(value), base));

    f.set(count, countOf(stage));
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      sums.read(at);
      f.set(mean, f64.div(get(sums.first), get(count)));
      f.set(
        variance,
        f64.max(f64.sub(f64.div(get(sums.second), get(count)), f64.mul(get(mean), get(mean))), f64.const(0)),
      );
      f.set(inverse, f64.div(f64.const(1), f64.sqrt(f64.add(get(variance), f64.const(batchNorm.epsilon)))));
      f.set(scale, f64.mul(weight(batchNorm.gamma, 1), get(inverse)));
      store(buffers.mean, get(mean));
      store(buffers.inverseStd, get(inverse));
      store(buffers.scale, get(scale));
      store(buffers.shift, f64.sub(weight(batchNorm.beta, 0), f64.mul(get(mean), get(scale))));

      const move = (ref: typeof batchNorm.movingMean, value: Code) => {
        const old = f64.promote(f32.load(get(at), context.weight(ref).value));
        store(
          context.weight(ref).value,
          f64.add(
            f64.mul(old, f64.const(batchNorm.momentum)),
            f64.mul(value, f64.const(1 - batchNorm.momentum)),
          ),
        );
      };
      move(batchNorm.movingMean, f64.add(get(mean), weight(bias, 0)));
      const unbiased = f64.div(get(count), f64.max(f64.sub(get(count), f64.const(1)), f64.const(1)));
      move(batchNorm.movingVariance, f64.mul(get(variance), unbiased));
    });
  });
}

/**
 * A function `()` that sums the gradients of scale and shift over the batch, writes them, and makes the
 * coefficients of the raw gradient:
 * `dL/dy = gamma / std * (g - sum(g) / n - (y - mean) * sum(g (y - mean)) / (n std^2))`
 * (Ioffe and Szegedy, https://arxiv.org/abs/1502.03167).
 */
export function emitNormaliseGradient(context: PlanContext, stage: Stage): FunctionRef {
  const { batchNorm } = stage;
  if (!batchNorm) throw new Error(`Stage ${stage.name} has no batch norm`);
  return context.module.function(`normalise gradient ${stage.name}`, [], [], (f) => {
    const buffers = context.buffers[stage.index];
    const at = f.local('i32');
    const [count, inverse, scale, slope] = f.locals('f64', 4);
    const sums = new PartialSums(f, context, stage);
    const load = (base: number) => f64.promote(f32.load(get(at), base));
    const store = (base: number, value: Code) => f.emit(f32.store(get(at), f32.demote(value), base));
    f.set(count, countOf(stage));
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      sums.read(at);
      f.set(inverse, load(buffers.inverseStd));
      f.set(scale, load(buffers.scale));
      for (const [ref, value] of [
        [batchNorm.beta, get(sums.first)],
        [batchNorm.gamma, f64.mul(get(sums.second), get(inverse))],
      ] as const)
        if (ref?.trainable) store(context.weight(ref).gradient, value);
      f.set(
        slope,
        f64.div(
          f64.mul(f64.mul(get(scale), f64.mul(get(inverse), get(inverse))), get(sums.second)),
          get(count),
        ),
      );
      store(buffers.gA, get(scale));
      store(buffers.gB, f64.neg(get(slope)));
      store(buffers.gC, f64.neg(f64.div(f64.mul(get(scale), get(sums.first)), get(count))));
    });
  });
}

/** A function `()` that writes the gradient of a bias that no batch norm follows. */
export function emitBiasGradient(context: PlanContext, stage: Stage): FunctionRef {
  const bias = biasOf(stage);
  if (!bias) throw new Error(`Stage ${stage.name} has no bias`);
  return context.module.function(`bias gradient ${stage.name}`, [], [], (f) => {
    const at = f.local('i32');
    const sums = new PartialSums(f, context, stage);
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      sums.read(at);
      f.emit(f32.store(get(at), f32.demote(get(sums.first)), context.weight(bias).gradient));
    });
  });
}
