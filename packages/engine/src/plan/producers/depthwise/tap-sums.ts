import type { FunctionBuilder } from '../../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlaneLayout } from '../../context.js';
import { forEachPixelBlock, pixelsAtOnce } from '../../kernels/pixel-blocks.js';
import { channelPasses, type Machine, VECTOR_BYTES } from '../../machine.js';

/** One weight per channel and the pixel that it goes with, in bytes from a window's start. */
export interface Tap {
  readonly offset: number;
  /** Address of its weights. */
  readonly weights: number;
}

/** Sums over taps: `target = sum of source x weight`, for every pixel of a plane and every channel by itself. */
export interface TapSums {
  readonly height: number;
  readonly width: number;
  readonly vectors: number;
  /** In the order of the sum; without any the sums are zero. */
  readonly taps: readonly Tap[];
  /** From one window to the next. */
  readonly source: PlaneLayout;
  readonly target: PlaneLayout;
}

/** Taps whose weights stay in registers for a whole plane. */
const HELD = 10;

/** Emits sums over taps; `from` points to the first window, `to` to the first sum. */
export function emitTapSums(
  f: FunctionBuilder,
  machine: Machine,
  sums: TapSums,
  from: Local,
  to: Local,
): void {
  const { height, width, vectors, taps, source, target } = sums;
  const held = taps.length <= HELD;
  // More pixels at once where every weight has to be loaded for them.
  const pixels = pixelsAtOnce(width, held ? 2 : 4);
  const { atOnce } = machine;
  const weights = f.locals('v128', (held ? taps.length : 1) * atOnce);
  const cells = f.locals('v128', pixels * atOnce);
  const [a, c] = f.locals('i32', 2);
  for (const { first, count } of channelPasses(vectors, atOnce)) {
    const channels = Array.from({ length: count }, (_, i) => i);
    const at = first * VECTOR_BYTES;
    const loadWeights = ({ weights: address }: Tap, into: readonly Local[]) => {
      for (const i of channels) f.set(into[i], v128.load(i32.const(0), address + at + i * VECTOR_BYTES));
    };
    const weightsOf = (tap: number) => weights.slice(tap * atOnce, (tap + 1) * atOnce);
    const cell = (pixel: number, i: number) => cells[pixel * atOnce + i];
    /** The sums of so many pixels. */
    const block = () => {
      for (let pixel = 0; pixel < pixels; pixel++)
        for (const i of channels) f.set(cell(pixel, i), v128.zero());
      for (const [index, tap] of taps.entries()) {
        const own = weightsOf(held ? index : 0);
        if (!held) loadWeights(tap, own);
        for (let pixel = 0; pixel < pixels; pixel++)
          for (const i of channels) {
            const value = v128.load(get(a), tap.offset + at + pixel * source.pixelBytes + i * VECTOR_BYTES);
            f.set(cell(pixel, i), f32x4.add(get(cell(pixel, i)), f32x4.mul(value, get(own[i]))));
          }
      }
      for (let pixel = 0; pixel < pixels; pixel++)
        for (const i of channels)
          f.emit(v128.store(get(c), get(cell(pixel, i)), at + pixel * target.pixelBytes + i * VECTOR_BYTES));
    };
    if (held) for (const [index, tap] of taps.entries()) loadWeights(tap, weightsOf(index));
    f.set(a, get(from));
    f.set(c, get(to));
    const pointers = [
      { local: a, ...source },
      { local: c, ...target },
    ];
    forEachPixelBlock(f, height, width, pixels, pointers, block);
  }
}
