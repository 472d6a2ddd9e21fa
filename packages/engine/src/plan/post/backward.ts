import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type PlaneLayout,
} from '../context.js';
import { needsGradient, type Stage } from '../graph/stage.js';
import { forEachBlock, forEachPixel } from '../kernels/planes.js';
import { storeSideBySide } from '../kernels/side-by-side.js';
import { emitClear, WIDE_BYTES } from '../kernels/wide-sums.js';
import { channelPasses, VECTOR_BYTES } from '../machine.js';
import { needsSums } from './affine.js';
import { BlockSums } from './block-sums.js';
import { Chain } from './chain.js';

/** Starts of a stage's raw image and of its gradient, at a channel vector. */
function starts(
  context: PlanContext,
  stage: Stage,
  image: Local,
  vector: number,
): { raw: Code; gradient: Code } {
  const buffers = context.buffers[stage.index];
  const at = (base: number, bytes: number) =>
    i32.add(i32.mul(get(image), i32.const(bytes)), i32.const(base + vector * VECTOR_BYTES));
  return { raw: at(buffers.raw, buffers.rawBytes), gradient: at(buffers.gradient, buffers.gradientBytes) };
}

/** The four values of a 2 x 2 window: centred, what the chain made of them, and the largest. */
class Window {
  readonly y: Local[];
  readonly z: Local[];
  readonly top: Local;

  constructor(
    readonly f: FunctionBuilder,
    readonly offsets: readonly number[],
  ) {
    this.y = f.locals('v128', 4);
    this.z = f.locals('v128', 4);
    this.top = f.local('v128');
  }

  /** Reads channel vector `vector` behind `from`. */
  read(chain: Chain, from: Local, vector: number): void {
    const { f, y, z, top } = this;
    for (const [i, offset] of this.offsets.entries()) {
      f.set(y[i], chain.centre(v128.load(get(from), offset + vector * VECTOR_BYTES)));
      f.set(z[i], chain.preActivation(get(y[i])));
    }
    f.set(top, f32x4.pmax(f32x4.pmax(get(z[0]), get(z[1])), f32x4.pmax(get(z[2]), get(z[3]))));
  }
}

const windowOffsets = (layout: PlaneLayout): number[] => [
  0,
  layout.pixelBytes,
  layout.rowBytes,
  layout.rowBytes + layout.pixelBytes,
];

/** A gradient on its way to a stage: where it lies, and whether other readers' gradients are there already. */
interface Incoming {
  readonly layout: PlaneLayout;
  readonly accumulate: boolean;
}

/**
 * A function `(image, source)` that writes the image's two sums per channel for the affine part's gradient:
 * `sum g` and `sum g (y - mean)`, where g is the gradient in front of the activation.
 *
 * With `incoming` it first puts the gradient from `source` where the stage keeps it, in the same pass over
 * memory; without, it takes what is there.
 */
export function emitSums(context: PlanContext, stage: Stage, incoming?: Incoming): FunctionRef {
  const { atOnce } = context.machine;
  const name = `${incoming ? 'sink and ' : ''}sums ${stage.name}`;
  return context.module.function(name, ['i32', 'i32'], [], (f, [image, source]) => {
    const raw = denseLayout(stage, stage.raw);
    const seen = denseLayout(stage, stage.shape);
    const [from, gradient, arriving, partial] = f.locals('i32', 4);
    const chains = Array.from({ length: atOnce }, () => new Chain(f, context, stage));
    const [sums, products, gs, ys, ds] = Array.from({ length: 5 }, () => f.locals('v128', atOnce));
    const { buffers, vectors } = chains[0];
    const windows = chains.map(() => new Window(f, windowOffsets(raw)));
    const pixels = stage.raw.height * stage.raw.width;
    const withMean = chains[0].affine === 'batchNorm';
    const partialBytes = vectors * 2 * WIDE_BYTES;
    f.set(partial, elementAddress(buffers.partial, image, partialBytes));
    emitClear(f, partial, partialBytes);
    const blocks = new BlockSums(f, context, stage, image, partial);

    /** Sets `ds` to the gradient that readers of the stage gave. */
    const receive = (count: number) => {
      for (let i = 0; i < count; i++) {
        const at = i * VECTOR_BYTES;
        const stored = v128.load(get(gradient), at);
        const arrived = v128.load(get(arriving), at);
        f.set(ds[i], !incoming ? stored : incoming.accumulate ? f32x4.add(stored, arrived) : arrived);
      }
      if (incoming) storeSideBySide(f, gradient, 0, ds.slice(0, count).map(get));
    };
    const gradientPointers = [
      { local: gradient, ...seen },
      ...(incoming ? [{ local: arriving, ...incoming.layout }] : []),
    ];
    const add = (i: number, centred: Code) => {
      f.set(sums[i], f32x4.add(get(sums[i]), get(gs[i])));
      if (withMean) f.set(products[i], f32x4.add(get(products[i]), f32x4.mul(get(gs[i]), centred)));
    };
    for (const { first, count } of channelPasses(vectors, atOnce)) {
      const used = chains.slice(0, count);
      const start = starts(context, stage, image, first);
      const totals = [sums.slice(0, count), ...(withMean ? [products.slice(0, count)] : [])];
      /** Adds a block's sums to the image's. */
      const finish = () => {
        for (const [i, { mask }] of used.entries())
          if (mask) for (const total of totals) f.set(total[i], f32x4.mul(get(total[i]), get(mask)));
        blocks.add(totals.map((locals, kind) => ({ locals, offset: (kind * vectors + first) * WIDE_BYTES })));
      };
      Chain.setup(used, image, first);
      f.set(from, start.raw);
      f.set(gradient, start.gradient);
      f.set(arriving, i32.add(get(source), i32.const(first * VECTOR_BYTES)));
      for (const local of [...sums, ...products]) f.set(local, v128.zero());
      if (stage.pool === 'max') {
        const step = { local: from, pixelBytes: raw.pixelBytes * 2, rowBytes: raw.rowBytes * 2 };
        const visit = () => {
          receive(count);
          for (const [i, chain] of used.entries()) {
            const { y, z, top } = windows[i];
            windows[i].read(chain, from, i);
            f.set(gs[i], chain.gate(get(ds[i]), get(top)));
            f.set(ys[i], get(y[3]));
            // From the last to the first, so that the first of equal values wins, as in PyTorch.
            for (const place of [2, 1, 0])
              f.set(ys[i], v128.bitselect(get(y[place]), get(ys[i]), f32x4.eq(get(z[place]), get(top))));
            add(i, get(ys[i]));
          }
        };
        forEachBlock(f, stage.shape.height, stage.shape.width, [step, ...gradientPointers], visit, finish);
      } else {
        const averaged = stage.pool === 'globalAverage';
        if (averaged) {
          receive(count);
          for (let i = 0; i < count; i++) f.set(ds[i], f32x4.mul(get(ds[i]), f32x4.const(1 / pixels)));
        }
        const pointers = [{ local: from, ...raw }, ...(averaged ? [] : gradientPointers)];
        const visit = () => {
          if (!averaged) receive(count);
          for (const [i, chain] of used.entries()) {
            f.set(ys[i], chain.centre(v128.load(get(from), i * VECTOR_BYTES)));
            f.set(gs[i], chain.gate(get(ds[i]), chain.preActivation(get(ys[i]))));
            add(i, get(ys[i]));
          }
        };
        forEachBlock(f, stage.raw.height, stage.raw.width, pointers, visit, finish);
      }
    }
  });
}

/**
 * A function `(image, destination)` that writes the gradient with respect to the producer's raw output, in the
 * layout asked for. With batch norm that is `gA g + gB (y - mean) + gC` per channel, where g is the gradient in
 * front of the activation and the coefficients hold the batch's sums. The mean is taken off first: large areas
 * of an image have one colour, and a rounding error that is the same in all of them adds up.
 */
export function emitRawGradient(context: PlanContext, stage: Stage, layout: PlaneLayout): FunctionRef {
  const { atOnce } = context.machine;
  return context.module.function(`gradient ${stage.name}`, ['i32', 'i32'], [], (f, [image, destination]) => {
    const raw = denseLayout(stage, stage.raw);
    const seen = denseLayout(stage, stage.shape);
    const [from, gradient, to] = f.locals('i32', 3);
    const most = stage.pool === 'max' ? atOnce : Math.max(2, atOnce);
    const chains = Array.from({ length: most }, () => new Chain(f, context, stage));
    const coefficients = chains.map(() => f.locals('v128', 3));
    const [gs, ys, takens, averaged, results] = Array.from({ length: 5 }, () => f.locals('v128', most));
    const hit = f.local('v128');
    const { buffers, vectors, affine } = chains[0];
    const normed = affine === 'batchNorm';
    const windows = chains.map(() => new Window(f, windowOffsets(raw)));
    const toOffsets = windowOffsets(layout);
    const pixels = stage.raw.height * stage.raw.width;

    for (const { first, count } of channelPasses(vectors, most)) {
      const start = starts(context, stage, image, first);
      const used = chains.slice(0, count);
      Chain.setup(used, image, first);
      const load = (base: number, i: number) => v128.load(i32.const(0), base + (first + i) * VECTOR_BYTES);
      for (const [i, { mask }] of used.entries()) {
        const [gA] = coefficients[i];
        if (normed) f.set(gA, mask ? f32x4.mul(load(buffers.gA, i), get(mask)) : load(buffers.gA, i));
        else if (mask) f.set(gA, get(mask));
      }
      if (normed)
        for (const [kind, base] of [buffers.gB, buffers.gC].entries())
          for (const i of used.keys()) f.set(coefficients[i][1 + kind], load(base, i));
      if (stage.pool === 'globalAverage')
        for (const i of used.keys()) {
          const gradients = v128.load(start.gradient, i * VECTOR_BYTES);
          f.set(averaged[i], f32x4.mul(gradients, f32x4.const(1 / pixels)));
        }
      f.set(from, start.raw);
      f.set(gradient, start.gradient);
      f.set(to, i32.add(get(destination), i32.const(first * VECTOR_BYTES)));

      /** `gA g`, without the part that comes from the batch's statistics. */
      const scaled = (value: Code, i: number) =>
        normed || chains[i].mask ? f32x4.mul(value, get(coefficients[i][0])) : value;
      const withStatistics = (value: Code, centred: Code, i: number) => {
        const [, gB, gC] = coefficients[i];
        if (!normed) return value;
        return f32x4.add(value, f32x4.add(f32x4.mul(centred, get(gB)), get(gC)));
      };

      if (stage.pool === 'max') {
        const source = { local: from, pixelBytes: raw.pixelBytes * 2, rowBytes: raw.rowBytes * 2 };
        const target = { local: to, pixelBytes: layout.pixelBytes * 2, rowBytes: layout.rowBytes * 2 };
        const pointers = [source, target, { local: gradient, ...seen }];
        forEachPixel(f, stage.shape.height, stage.shape.width, pointers, () => {
          for (let i = 0; i < count; i++) {
            windows[i].read(chains[i], from, i);
            const arrived = v128.load(get(gradient), i * VECTOR_BYTES);
            f.set(gs[i], scaled(chains[i].gate(arrived, get(windows[i].top)), i));
            f.set(takens[i], v128.zero());
          }
          for (let place = 0; place < 4; place++) {
            for (let i = 0; i < count; i++) {
              const { y, z, top } = windows[i];
              // The first of equal values takes the gradient.
              f.set(hit, v128.andnot(f32x4.eq(get(z[place]), get(top)), get(takens[i])));
              if (place < 3) f.set(takens[i], v128.or(get(takens[i]), get(hit)));
              f.set(results[i], withStatistics(v128.and(get(gs[i]), get(hit)), get(y[place]), i));
            }
            storeSideBySide(f, to, toOffsets[place], results.slice(0, count).map(get));
          }
        });
      } else {
        const pointers = [
          { local: from, ...raw },
          { local: to, ...layout },
        ];
        if (!stage.pool) pointers.push({ local: gradient, ...seen });
        forEachPixel(f, stage.raw.height, stage.raw.width, pointers, () => {
          for (let i = 0; i < count; i++) {
            f.set(ys[i], chains[i].centre(v128.load(get(from), i * VECTOR_BYTES)));
            const d = stage.pool ? get(averaged[i]) : v128.load(get(gradient), i * VECTOR_BYTES);
            const own = chains[i].gate(d, chains[i].preActivation(get(ys[i])));
            f.set(results[i], withStatistics(scaled(own, i), get(ys[i]), i));
          }
          storeSideBySide(f, to, 0, results.slice(0, count).map(get));
        });
      }
    }
  });
}

/**
 * A function `(image, source)` that hands a stage the gradient with respect to what a reader saw of it, and
 * completes the stage's sums after the last reader. Nothing where no gradient is needed.
 */
export function emitSink(
  context: PlanContext,
  stage: Stage,
  layout: PlaneLayout,
  { accumulate, completes }: InputWiring,
): FunctionRef | undefined {
  if (!needsGradient(stage)) return undefined;
  if (completes && needsSums(stage)) return emitSums(context, stage, { layout, accumulate });
  return context.module.function(`sink ${stage.name}`, ['i32', 'i32'], [], (f, [image, source]) => {
    const seen = denseLayout(stage, stage.shape);
    const [from, to] = f.locals('i32', 2);
    const values = f.locals('v128', context.machine.atOnce);
    f.set(from, get(source));
    f.set(to, starts(context, stage, image, 0).gradient);
    const pointers = [
      { local: from, ...layout },
      { local: to, ...seen },
    ];
    forEachPixel(f, stage.shape.height, stage.shape.width, pointers, () => {
      for (const { first, count } of channelPasses(seen.pixelBytes / VECTOR_BYTES, values.length)) {
        const used = values.slice(0, count);
        for (const [i, value] of used.entries()) {
          const at = (first + i) * VECTOR_BYTES;
          const arrived = v128.load(get(from), at);
          f.set(value, accumulate ? f32x4.add(v128.load(get(to), at), arrived) : arrived);
        }
        storeSideBySide(f, to, first * VECTOR_BYTES, used.map(get));
      }
    });
  });
}
