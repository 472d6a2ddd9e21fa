import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32, f64, f64x2, get, i32, type Local, v128 } from '../../wasm/ops.js';
import { control, type PlanContext } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { paddedChannels, VECTOR_BYTES } from '../machine.js';
import { biasOf } from './affine.js';

/** Two channels' values in float64. */
interface Pair {
  readonly first: Code;
  readonly second: Code;
}

/**
 * Joins a stage's two values per image and channel over the batch: two channels at a time, image by image. This
 * runs on one thread while the others wait, and most of its time goes into fetching what they wrote, so every
 * image's values are visited once for four channels.
 */
class Partials {
  readonly #start: number;
  readonly #channels: number;

  constructor(
    readonly f: FunctionBuilder,
    context: PlanContext,
    stage: Stage,
  ) {
    this.#start = context.buffers[stage.index].partial;
    this.#channels = paddedChannels(stage.raw.channels);
  }

  /**
   * Puts what `end` gives where the first image's values are, for {@link joined}.
   *
   * @param steps `begin` sees the first image's values, `image` every image's; `half` says which pair of the four.
   */
  join(steps: {
    begin(half: number, first: Pair): void;
    image(half: number, values: Pair): void;
    end(half: number): Pair;
  }): void {
    const { f } = this;
    const secondAt = this.#channels * 8;
    const [place, at, image] = f.locals('i32', 3);
    const pair = (address: Local, half: number): Pair => ({
      first: v128.load(get(address), half * VECTOR_BYTES),
      second: v128.load(get(address), secondAt + half * VECTOR_BYTES),
    });
    f.forRange(place, i32.const(this.#start), i32.const(this.#start + secondAt), 32, () => {
      for (const half of [0, 1]) steps.begin(half, pair(place, half));
      f.set(at, get(place));
      f.forRange(image, i32.const(0), i32.load(i32.const(0), control.size), 1, () => {
        for (const half of [0, 1]) steps.image(half, pair(at, half));
        f.advance(at, secondAt * 2);
      });
      for (const half of [0, 1]) {
        const { first, second } = steps.end(half);
        f.emit(v128.store(get(place), first, half * VECTOR_BYTES));
        f.emit(v128.store(get(place), second, secondAt + half * VECTOR_BYTES));
      }
    });
  }

  /** Sums both values over the images. */
  sum(): void {
    const { f } = this;
    const [first, second] = [f.locals('v128', 2), f.locals('v128', 2)];
    this.join({
      begin(half) {
        for (const sums of [first, second]) f.set(sums[half], v128.zero());
      },
      image(half, values) {
        f.set(first[half], f64x2.add(get(first[half]), values.first));
        f.set(second[half], f64x2.add(get(second[half]), values.second));
      },
      end: (half) => ({ first: get(first[half]), second: get(second[half]) }),
    });
  }

  /** What was joined of one channel. @param channelBytes Local with 8 times the channel. */
  joined(channelBytes: Local): Pair {
    const address = get(channelBytes);
    return {
      first: f64.load(address, this.#start),
      second: f64.load(address, this.#start + this.#channels * 8),
    };
  }
}

/** Images in a batch, and values per channel in one image. */
const imagesOf = (): Code => f64.convertI32U(i32.load(i32.const(0), control.size));
const pixelsOf = (stage: Stage): Code => f64.const(stage.raw.height * stage.raw.width);

/** Joins the images' means and squared deviations to the batch's mean and variance. */
function joinStatistics(
  f: FunctionBuilder,
  partials: Partials,
  batch: { images: Local; count: Local },
): void {
  const [origin, sum, between, within] = Array.from({ length: 4 }, () => f.locals('v128', 2));
  const distance = f.local('v128');
  const over = (value: Code, count: Local) => f64x2.div(value, f64x2.splat(get(count)));
  const accumulate = (total: Local, value: Code) => f.set(total, f64x2.add(get(total), value));
  partials.join({
    begin(half, { first }) {
      f.set(origin[half], first);
      for (const totals of [sum, between, within]) f.set(totals[half], v128.zero());
    },
    image(half, { first, second }) {
      f.set(distance, f64x2.sub(first, get(origin[half])));
      accumulate(sum[half], get(distance));
      accumulate(between[half], f64x2.mul(get(distance), get(distance)));
      accumulate(within[half], second);
    },
    end(half) {
      f.set(sum[half], over(get(sum[half]), batch.images));
      const square = f64x2.mul(get(sum[half]), get(sum[half]));
      f.set(between[half], f64x2.sub(over(get(between[half]), batch.images), square));
      const variance = f64x2.add(over(get(within[half]), batch.count), get(between[half]));
      return {
        first: f64x2.add(get(origin[half]), get(sum[half])),
        second: f64x2.max(variance, v128.zero()),
      };
    },
  });
}

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
    const partials = new Partials(f, context, stage);
    const bias = biasOf(stage);
    const weight = (
      ref: { name: string; shape: readonly number[]; trainable: boolean } | undefined,
      other: number,
    ) => (ref ? f64.promote(f32.load(get(at), context.weight(ref).value)) : f64.const(other));
    const store = (base: number, value: Code) => f.emit(f32.store(get(at), f32.demote(value), base));

    f.set(images, imagesOf());
    f.set(count, f64.mul(get(images), pixelsOf(stage)));
    joinStatistics(f, partials, { images, count });
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      f.set(wideAt, i32.shl(get(at), i32.const(1)));
      f.set(mean, partials.joined(wideAt).first);
      f.set(variance, partials.joined(wideAt).second);
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
    partials.sum();
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      f.set(wideAt, i32.shl(get(at), i32.const(1)));
      f.set(sum, partials.joined(wideAt).first);
      f.set(product, partials.joined(wideAt).second);
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
    const partials = new Partials(f, context, stage);
    partials.sum();
    f.forRange(at, i32.const(0), i32.const(stage.raw.channels * 4), 4, () => {
      f.set(wideAt, i32.shl(get(at), i32.const(1)));
      const { first } = partials.joined(wideAt);
      f.emit(f32.store(get(at), f32.demote(first), context.weight(bias).gradient));
    });
  });
}
