import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32, f64, get, i32, type Local } from '../../wasm/ops.js';
import { control, type PlanContext } from '../context.js';
import { paddedChannels, type Stage } from '../graph/stage.js';
import { biasOf } from './affine.js';

/** Reads a stage's two values per image and channel, one channel at a time, image by image. */
class Partials {
  readonly #at: Local;
  readonly #image: Local;

  constructor(
    readonly f: FunctionBuilder,
    readonly context: PlanContext,
    readonly stage: Stage,
  ) {
    [this.#at, this.#image] = f.locals('i32', 2);
  }

  /** Code of a channel's values in the first image. @param channelBytes Local with 8 times the channel. */
  first(channelBytes: Local): { first: Code; second: Code } {
    return this.#values(get(channelBytes), this.context.buffers[this.stage.index].partial);
  }

  /** @param channelBytes Local with 8 times the channel. */
  forEachImage(channelBytes: Local, body: (values: { first: Code; second: Code }) => void): void {
    const { f, context, stage } = this;
    f.set(this.#at, i32.add(get(channelBytes), i32.const(context.buffers[stage.index].partial)));
    f.forRange(this.#image, i32.const(0), i32.load(i32.const(0), control.size), 1, () => {
      body(this.#values(get(this.#at), 0));
      f.advance(this.#at, paddedChannels(stage.raw.channels) * 16);
    });
  }

  #values(address: Code, offset: number): { first: Code; second: Code } {
    const channels = paddedChannels(this.stage.raw.channels);
    return { first: f64.load(address, offset), second: f64.load(address, offset + channels * 8) };
  }
}

/** Emits `sum += value`. */
const accumulate = (f: FunctionBuilder, sum: Local, value: Code) => f.set(sum, f64.add(get(sum), value));

/** Images in a batch, and values per channel in one image. */
const imagesOf = (): Code => f64.convertI32U(i32.load(i32.const(0), control.size));
const pixelsOf = (stage: Stage): Code => f64.const(stage.raw.height * stage.raw.width);

/**
 * A function `()` that turns the images' statistics into the norm's coefficients and moves the running ones, as
 * `torch.nn.BatchNorm2d` does: biased variance for the norm, unbiased for the running one.
 *
 * They are joined by Chan, Golub and LeVeque, *Algorithms for Computing the Sample Variance*
 * (https://doi.org/10.2307/2683386): squares within the images and between their means.
 */
export function emitNormalise(context: PlanContext, stage: Stage): FunctionRef {
  const { batchNorm } = stage;
  if (!batchNorm) throw new Error(`Stage ${stage.name} has no batch norm`);
  return context.module.function(`normalise ${stage.name}`, [], [], (f) => {
    const buffers = context.buffers[stage.index];
    const [at, wideAt] = f.locals('i32', 2);
    const [images, count, mean, rest, variance, inverse, scale] = f.locals('f64', 7);
    const [origin, distance, sum, between, within] = f.locals('f64', 5);
    const partials = new Partials(f, context, stage);
    const bias = biasOf(stage);
    const weight = (
      ref: { name: string; shape: readonly number[]; trainable: boolean } | undefined,
      other: number,
    ) => (ref ? f64.promote(f32.load(get(at), context.weight(ref).value)) : f64.const(other));
    const store = (base: number, value: Code) => f.emit(f32.store(get(at), f32.demote(value), base));

    f.set(images, imagesOf());
    f.set(count, f64.mul(get(images), pixelsOf(stage)));
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      f.set(wideAt, i32.shl(get(at), i32.const(1)));
      f.set(origin, partials.first(wideAt).first);
      for (const local of [sum, between, within]) f.set(local, f64.const(0));
      partials.forEachImage(wideAt, ({ first, second }) => {
        f.set(distance, f64.sub(first, get(origin)));
        accumulate(f, sum, get(distance));
        accumulate(f, between, f64.mul(get(distance), get(distance)));
        accumulate(f, within, second);
      });
      f.set(sum, f64.div(get(sum), get(images)));
      f.set(mean, f64.add(get(origin), get(sum)));
      f.set(between, f64.sub(f64.div(get(between), get(images)), f64.mul(get(sum), get(sum))));
      f.set(variance, f64.add(f64.div(get(within), get(count)), get(between)));
      f.set(variance, f64.max(get(variance), f64.const(0)));
      f.set(inverse, f64.div(f64.const(1), f64.sqrt(f64.add(get(variance), f64.const(batchNorm.epsilon)))));
      f.set(scale, f64.mul(weight(batchNorm.gamma, 1), get(inverse)));
      f.set(rest, f64.sub(get(mean), f64.promote(f32.demote(get(mean)))));
      store(buffers.mean, get(mean));
      f.emit(f64.store(get(wideAt), get(rest), buffers.meanRest));
      f.emit(f64.store(get(wideAt), get(inverse), buffers.inverseStd));
      store(buffers.scale, get(scale));
      store(buffers.shift, f64.sub(weight(batchNorm.beta, 0), f64.mul(get(rest), get(scale))));

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
 *
 * The kernels subtract the mean as a float32; what it leaves out is put in here.
 */
export function emitNormaliseGradient(context: PlanContext, stage: Stage): FunctionRef {
  const { batchNorm } = stage;
  if (!batchNorm) throw new Error(`Stage ${stage.name} has no batch norm`);
  return context.module.function(`normalise gradient ${stage.name}`, [], [], (f) => {
    const buffers = context.buffers[stage.index];
    const [at, wideAt] = f.locals('i32', 2);
    const [count, inverse, rest, scale, slope, sum, product] = f.locals('f64', 7);
    const partials = new Partials(f, context, stage);
    const store = (base: number, value: Code) => f.emit(f32.store(get(at), f32.demote(value), base));
    f.set(count, f64.mul(imagesOf(), pixelsOf(stage)));
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      f.set(wideAt, i32.shl(get(at), i32.const(1)));
      for (const local of [sum, product]) f.set(local, f64.const(0));
      partials.forEachImage(wideAt, ({ first, second }) => {
        accumulate(f, sum, first);
        accumulate(f, product, second);
      });
      f.set(inverse, f64.load(get(wideAt), buffers.inverseStd));
      f.set(rest, f64.load(get(wideAt), buffers.meanRest));
      f.set(product, f64.sub(get(product), f64.mul(get(rest), get(sum))));
      f.set(scale, f64.promote(f32.load(get(at), buffers.scale)));
      for (const [ref, value] of [
        [batchNorm.beta, get(sum)],
        [batchNorm.gamma, f64.mul(get(product), get(inverse))],
      ] as const)
        if (ref?.trainable) store(context.weight(ref).gradient, value);
      f.set(
        slope,
        f64.div(f64.mul(f64.mul(get(scale), f64.mul(get(inverse), get(inverse))), get(product)), get(count)),
      );
      store(buffers.gA, get(scale));
      store(buffers.gB, f64.neg(get(slope)));
      const fromSum = f64.div(f64.mul(get(scale), get(sum)), get(count));
      store(buffers.gC, f64.sub(f64.mul(get(slope), get(rest)), fromSum));
    });
  });
}

/** A function `()` that writes the gradient of a bias that no batch norm follows. */
export function emitBiasGradient(context: PlanContext, stage: Stage): FunctionRef {
  const bias = biasOf(stage);
  if (!bias) throw new Error(`Stage ${stage.name} has no bias`);
  return context.module.function(`bias gradient ${stage.name}`, [], [], (f) => {
    const [at, wideAt] = f.locals('i32', 2);
    const sum = f.local('f64');
    const partials = new Partials(f, context, stage);
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      f.set(wideAt, i32.shl(get(at), i32.const(1)));
      f.set(sum, f64.const(0));
      partials.forEachImage(wideAt, ({ first }) => accumulate(f, sum, first));
      f.emit(f32.store(get(at), f32.demote(get(sum)), context.weight(bias).gradient));
    });
  });
}
