import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, i32, type Local, v128 } from '../../wasm/ops.js';
import type { PlaneLayout } from '../context.js';
import { channelPasses, type Machine, VECTOR_BYTES } from '../machine.js';
import { forEachPixelBlock, pixelsAtOnce } from './pixel-blocks.js';
import { storeSideBySide } from './side-by-side.js';

/** A value of a window, in bytes from its start, and the address of the weights that go with it. */
export interface WindowValue {
  readonly offset: number;
  readonly weights: number;
}

/** Sums over windows of a plane: `target = sum of values x weights`, for every pixel and vector of outputs. */
export interface WindowSums {
  readonly height: number;
  readonly width: number;
  readonly vectors: number;
  /** In the order of the sum; values of a row lie one behind the other. Without any, the sums are zero. */
  readonly rows: readonly (readonly WindowValue[])[];
  /** Whether a value is one float for all outputs, or one for each of them. */
  readonly values: 'float' | 'vectors';
  /** From one window to the next. */
  readonly windows: PlaneLayout;
  readonly target: PlaneLayout;
}

/** Weights that stay in registers. */
export const HELD_WEIGHTS = 10;
/** Windows that are summed at once, so that those beside each other share the values that they have in common. */
const WINDOWS = 3;
/** Values of a window from which on there is code for one window alone: there would be too much of it. */
const MANY_VALUES = 100;

/** Emits sums over windows; `from` points to the first window, `to` to the first sum. */
export function emitWindowSums(
  f: FunctionBuilder,
  machine: Machine,
  sums: WindowSums,
  from: Local,
  to: Local,
): void {
  const { height, width, vectors, windows, target } = sums;
  const { atOnce } = machine;
  const rows = sums.rows.flatMap(shortRows);
  // Weights of a small window are loaded once, those of a large one row by row for each block of pixels.
  const all = rows.flat();
  const held = all.length <= HELD_WEIGHTS;
  const pixels = pixelsAtOnce(width, all.length < MANY_VALUES ? WINDOWS : 1);
  const cells = vectorsOf(f, pixels, atOnce);
  const weights = vectorsOf(f, Math.min(all.length, HELD_WEIGHTS), atOnce);
  const values = f.locals('v128', sums.values === 'float' ? 1 : atOnce);
  const [a, c] = f.locals('i32', 2);
  const pointers = [
    { local: a, ...windows },
    { local: c, ...target },
  ];
  for (const { first, count } of channelPasses(vectors, atOnce)) {
    const lanes = Array.from({ length: count }, (_, i) => ({ i, at: (first + i) * VECTOR_BYTES }));
    const loadWeights = (some: readonly WindowValue[]) => {
      for (const [index, value] of some.entries())
        for (const { i, at } of lanes) f.set(weights[index][i], v128.load(i32.const(0), value.weights + at));
    };
    /** Adds a row of a window to the sums of all pixels of a block. */
    const addRow = (row: readonly WindowValue[], own: readonly Local[][]) => {
      for (const [offset, uses] of usesOf(row, pixels, windows.pixelBytes)) {
        if (sums.values === 'float') f.set(values[0], v128.load32Splat(get(a), offset));
        else for (const { i, at } of lanes) f.set(values[i], v128.load(get(a), offset + at));
        for (const { pixel, index } of uses)
          for (const { i } of lanes) {
            const value = get(values[sums.values === 'float' ? 0 : i]);
            f.set(cells[pixel][i], f.multiplyAdd(get(cells[pixel][i]), value, get(own[index][i])));
          }
      }
    };
    if (held) loadWeights(all);
    f.set(a, get(from));
    f.set(c, get(to));
    forEachPixelBlock(f, height, width, pixels, pointers, () => {
      for (const cell of cells) for (const { i } of lanes) f.set(cell[i], v128.zero());
      let done = 0;
      for (const row of rows) {
        if (!held) loadWeights(row);
        addRow(row, held ? weights.slice(done, done + row.length) : weights);
        done += row.length;
      }
      for (const [pixel, cell] of cells.entries()) {
        const at = pixel * target.pixelBytes + first * VECTOR_BYTES;
        storeSideBySide(f, c, at, cell.slice(0, count).map(get));
      }
    });
  }
}

/** Locals for `count` times as many vectors as are handled at once. */
const vectorsOf = (f: FunctionBuilder, count: number, atOnce: number): Local[][] =>
  Array.from({ length: count }, () => f.locals('v128', atOnce));

/** A row in parts whose weights fit into registers. */
function shortRows(row: readonly WindowValue[]): WindowValue[][] {
  const parts: WindowValue[][] = [];
  for (let start = 0; start < row.length; start += HELD_WEIGHTS)
    parts.push(row.slice(start, start + HELD_WEIGHTS));
  return parts;
}

/** Which pixels of a block use a value, and as which of their row: from left to right, the order of every sum. */
function usesOf(row: readonly WindowValue[], pixels: number, pixelBytes: number) {
  const uses = new Map<number, { pixel: number; index: number }[]>();
  for (let pixel = 0; pixel < pixels; pixel++)
    for (const [index, { offset }] of row.entries()) {
      const place = offset + pixel * pixelBytes;
      uses.set(place, [...(uses.get(place) ?? []), { pixel, index }]);
    }
  return [...uses].sort(([one], [other]) => one - other);
}
