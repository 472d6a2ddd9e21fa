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
import { emitAddWide, emitClear, WIDE_BYTES } from '../kernels/wide-sums.js';
import { channelPasses, VECTOR_BYTES } from '../machine.js';
import { needsSums } from './affine.js';
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

  read(chain: Chain, from: Local): void {
    const { f, y, z, top } = this;
    for (const [i, offset] of this.offsets.entries()) {
      f.set(y[i], chain.centre(v128.load(get(from), offset)));
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
  const name = `${incoming ? 'sink and ' : ''}sums ${stage.name}`;
  return context.module.function(name, ['i32', 'i32'], [], (f, [image, source]) => {
    const raw = denseLayout(stage, stage.raw);
    const seen = denseLayout(stage, stage.shape);
    const [from, gradient, arriving, partial] = f.locals('i32', 4);
    const [sum, product, g, y, z, d] = f.locals('v128', 6);
    const chain = new Chain(f, context, stage);
    const { buffers, vectors } = chain;
    const window = new Window(f, windowOffsets(raw));
    const pixels = stage.raw.height * stage.raw.width;
    const withMean = chain.affine === 'batchNorm';
    const partialBytes = vectors * 2 * WIDE_BYTES;
    f.set(partial, elementAddress(buffers.partial, image, partialBytes));
    emitClear(f, partial, partialBytes);

    /** Sets `d` to the gradient that readers of the stage gave. */
    const receive = () => {
      const stored = v128.load(get(gradient));
      if (!incoming) {
        f.set(d, stored);
        return;
      }
      const arrived = v128.load(get(arriving));
      f.set(d, incoming.accumulate ? f32x4.add(stored, arrived) : arrived);
      f.emit(v128.store(get(gradient), get(d)));
    };
    const gradientPointers = [
      { local: gradient, ...seen },
      ...(incoming ? [{ local: arriving, ...incoming.layout }] : []),
    ];
    const add = (centred: Code) => {
      f.set(sum, f32x4.add(get(sum), get(g)));
      if (withMean) f.set(product, f32x4.add(get(product), f32x4.mul(get(g), centred)));
    };
    for (let vector = 0; vector < vectors; vector++) {
      const start = starts(context, stage, image, vector);
      /** Adds a block's sums to the image's. */
      const finish = () => {
        const places = [vector, vectors + vector];
        for (const [i, local] of (withMean ? [sum, product] : [sum]).entries()) {
          if (chain.mask) f.set(local, f32x4.mul(get(local), get(chain.mask)));
          emitAddWide(f, partial, places[i] * WIDE_BYTES, local);
          f.set(local, v128.zero());
        }
      };
      chain.setup(image, vector);
      f.set(from, start.raw);
      f.set(gradient, start.gradient);
      f.set(arriving, i32.add(get(source), i32.const(vector * VECTOR_BYTES)));
      f.set(sum, v128.zero());
      f.set(product, v128.zero());
      if (stage.pool === 'max') {
        const windows = { local: from, pixelBytes: raw.pixelBytes * 2, rowBytes: raw.rowBytes * 2 };
        const visit = () => {
          window.read(chain, from);
          receive();
          f.set(g, chain.gate(get(d), get(window.top)));
          f.set(y, get(window.y[3]));
          // From the last to the first, so that the first of equal values wins, as in PyTorch.
          for (const i of [2, 1, 0])
            f.set(y, v128.bitselect(get(window.y[i]), get(y), f32x4.eq(get(window.z[i]), get(window.top))));
          add(get(y));
        };
        forEachBlock(f, stage.shape.height, stage.shape.width, [windows, ...gradientPointers], visit, finish);
      } else {
        const averaged = stage.pool === 'globalAverage';
        if (averaged) {
          receive();
          f.set(d, f32x4.mul(get(d), f32x4.const(1 / pixels)));
        }
        const pointers = [{ local: from, ...raw }, ...(averaged ? [] : gradientPointers)];
        const visit = () => {
          f.set(y, chain.centre(v128.load(get(from))));
          f.set(z, chain.preActivation(get(y)));
          if (!averaged) receive();
          f.set(g, chain.gate(get(d), get(z)));
          add(get(y));
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
  return context.module.function(`gradient ${stage.name}`, ['i32', 'i32'], [], (f, [image, destination]) => {
    const raw = denseLayout(stage, stage.raw);
    const seen = denseLayout(stage, stage.shape);
    const [from, gradient, to] = f.locals('i32', 3);
    const chains = Array.from({ length: 2 }, () => new Chain(f, context, stage));
    const coefficients = Array.from({ length: 2 }, () => f.locals('v128', 3));
    const [g, y, taken, hit] = f.locals('v128', 4);
    const averaged = f.locals('v128', 2);
    const { buffers, vectors, affine } = chains[0];
    const normed = affine === 'batchNorm';
    const window = new Window(f, windowOffsets(raw));
    const toOffsets = windowOffsets(layout);
    const pixels = stage.raw.height * stage.raw.width;

    for (const { first, count } of channelPasses(vectors, stage.pool === 'max' ? 1 : 2)) {
      const start = starts(context, stage, image, first);
      for (let i = 0; i < count; i++) {
        chains[i].setup(image, first + i);
        const at = (base: number) => v128.load(i32.const(0), base + (first + i) * VECTOR_BYTES);
        const mask = chains[i].mask;
        const [gA, gB, gC] = coefficients[i];
        if (normed) {
          f.set(gA, mask ? f32x4.mul(at(buffers.gA), get(mask)) : at(buffers.gA));
          f.set(gB, at(buffers.gB));
          f.set(gC, at(buffers.gC));
        } else if (mask) f.set(gA, get(mask));
        if (stage.pool === 'globalAverage')
          f.set(averaged[i], f32x4.mul(v128.load(start.gradient, i * VECTOR_BYTES), f32x4.const(1 / pixels)));
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
        const [chain] = chains;
        const source = { local: from, pixelBytes: raw.pixelBytes * 2, rowBytes: raw.rowBytes * 2 };
        const target = { local: to, pixelBytes: layout.pixelBytes * 2, rowBytes: layout.rowBytes * 2 };
        forEachPixel(
          f,
          stage.shape.height,
          stage.shape.width,
          [source, target, { local: gradient, ...seen }],
          () => {
            window.read(chain, from);
            f.set(g, scaled(chain.gate(v128.load(get(gradient)), get(window.top)), 0));
            f.set(taken, v128.zero());
            for (let i = 0; i < 4; i++) {
              // The first of equal values takes the gradient.
              f.set(hit, v128.andnot(f32x4.eq(get(window.z[i]), get(window.top)), get(taken)));
              if (i < 3) f.set(taken, v128.or(get(taken), get(hit)));
              const own = v128.and(get(g), get(hit));
              f.emit(v128.store(get(to), withStatistics(own, get(window.y[i]), 0), toOffsets[i]));
            }
          },
        );
      } else {
        const pointers = [
          { local: from, ...raw },
          { local: to, ...layout },
        ];
        if (!stage.pool) pointers.push({ local: gradient, ...seen });
        forEachPixel(f, stage.raw.height, stage.raw.width, pointers, () => {
          for (let i = 0; i < count; i++) {
            f.set(y, chains[i].centre(v128.load(get(from), i * VECTOR_BYTES)));
            const d = stage.pool ? get(averaged[i]) : v128.load(get(gradient), i * VECTOR_BYTES);
            const own = chains[i].gate(d, chains[i].preActivation(get(y)));
            f.emit(v128.store(get(to), withStatistics(scaled(own, i), get(y), i), i * VECTOR_BYTES));
          }
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
    f.set(from, get(source));
    f.set(to, starts(context, stage, image, 0).gradient);
    const pointers = [
      { local: from, ...layout },
      { local: to, ...seen },
    ];
    forEachPixel(f, stage.shape.height, stage.shape.width, pointers, () => {
      for (let at = 0; at < seen.pixelBytes; at += VECTOR_BYTES) {
        const value = v128.load(get(from), at);
        f.emit(v128.store(get(to), accumulate ? f32x4.add(v128.load(get(to), at), value) : value, at));
      }
    });
  });
}
