import type { FunctionBuilder } from '../../../wasm/function-builder.js';
import { get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlaneLayout } from '../../context.js';
import { forEachPixelBlock, pixelsAtOnce } from '../../kernels/pixel-blocks.js';
import { channelPasses, type Machine, registerBlocks, VECTOR_BYTES } from '../../machine.js';

/** A sum of products over windows of a plane: `target[pixel][out] = sum source[tap][channel] x filters`. */
export interface Products {
  readonly height: number;
  readonly width: number;
  /** From one window to the next. */
  readonly windows: PlaneLayout;
  /** From one tap of a window to the next, and how many floats of each count. */
  readonly taps: PlaneLayout & { readonly rows: number; readonly columns: number; readonly channels: number };
  /** `[row][column][channel][vector]`. */
  readonly filters: { readonly address: number; readonly rowBytes: number; readonly columnBytes: number };
  /** Vectors of outputs. */
  readonly vectors: number;
  readonly target: PlaneLayout;
}

/** Values of a window up to which all weights of some outputs stay in registers, and pixels that go with them. */
const HELD = { values: 10, pixels: 4 };

/** Pixels of a register block whose rows take 1, 2 or 3 registers. */
const BLOCK_PIXELS = [8, 4, 3];

/**
 * Emits sums of products, a chain of multiply then add in rising order of taps and channels for each; `from` points to
 * the first window, `to` to the first output.
 */
export function emitProducts(
  f: FunctionBuilder,
  machine: Machine,
  products: Products,
  from: Local,
  to: Local,
): void {
  const { rows, columns, channels } = products.taps;
  const emit = rows * columns * channels <= HELD.values ? emitHeld : emitBlocks;
  emit(f, machine, flattened(products), from, to);
}

/** The same with loops joined: rows of windows and outputs, or taps of a row, that follow each other without a gap. */
function flattened(products: Products): Products {
  const { height, width, windows, taps, filters, vectors, target } = products;
  const gapless = ({ pixelBytes, rowBytes }: PlaneLayout) => rowBytes === width * pixelBytes;
  const plane = gapless(windows) && gapless(target) ? { height: 1, width: height * width } : {};
  const { columns, channels } = taps;
  if (taps.pixelBytes !== channels * 4 || filters.columnBytes !== channels * vectors * VECTOR_BYTES)
    return { ...products, ...plane };
  const run = { columns: 1, channels: columns * channels, pixelBytes: columns * taps.pixelBytes };
  return {
    ...products,
    ...plane,
    taps: { ...taps, ...run },
    filters: { ...filters, columnBytes: columns * filters.columnBytes },
  };
}

/** Small windows, as those of a first layer: no weight is loaded twice, and neighbouring windows share their values. */
function emitHeld(f: FunctionBuilder, machine: Machine, products: Products, from: Local, to: Local): void {
  const { height, width, windows, filters, vectors, target } = products;
  const { atOnce } = machine;
  const rows = windowValues(products);
  const weights = f.locals('v128', rows.flat().length * atOnce);
  const pixels = pixelsAtOnce(width, HELD.pixels);
  const cells = f.locals('v128', pixels * atOnce);
  const value = f.local('v128');
  const [a, c] = f.locals('i32', 2);
  const pointers = [
    { local: a, ...windows },
    { local: c, ...target },
  ];
  for (const { first, count } of channelPasses(vectors, atOnce)) {
    const lanes = Array.from({ length: count }, (_, i) => ({ i, at: (first + i) * VECTOR_BYTES }));
    for (const { index, weight } of rows.flat())
      for (const { i, at } of lanes)
        f.set(weights[index * atOnce + i], v128.load(i32.const(0), filters.address + weight + at));
    f.set(a, get(from));
    f.set(c, get(to));
    forEachPixelBlock(f, height, width, pixels, pointers, () => {
      const block = Array.from({ length: pixels }, (_, pixel) => pixel);
      for (const pixel of block) for (const { i } of lanes) f.set(cells[pixel * atOnce + i], v128.zero());
      for (const row of rows) {
        const uses = block.flatMap((pixel) =>
          row.map(({ index, offset }) => ({ pixel, index, offset: offset + pixel * windows.pixelBytes })),
        );
        // From left to right, which is the order of every window's sum.
        for (const offset of [...new Set(uses.map((use) => use.offset))].sort((one, other) => one - other)) {
          f.set(value, v128.load32Splat(get(a), offset));
          for (const { pixel, index } of uses.filter((use) => use.offset === offset))
            for (const { i } of lanes) {
              const cell = cells[pixel * atOnce + i];
              f.set(cell, f.multiplyAdd(get(cell), get(value), get(weights[index * atOnce + i])));
            }
        }
      }
      for (const pixel of block)
        for (const { i, at } of lanes)
          f.emit(v128.store(get(c), get(cells[pixel * atOnce + i]), at + pixel * target.pixelBytes));
    });
  }
}

/** A window's values row by row: their places in the plane and among the filters. */
function windowValues({ taps, filters, vectors }: Products) {
  let index = 0;
  return Array.from({ length: taps.rows }, (_, row) =>
    Array.from({ length: taps.columns * taps.channels }, (_, place) => {
      const [column, channel] = [Math.floor(place / taps.channels), place % taps.channels];
      return {
        index: index++,
        offset: row * taps.rowBytes + column * taps.pixelBytes + channel * 4,
        weight: row * filters.rowBytes + column * filters.columnBytes + channel * vectors * VECTOR_BYTES,
      };
    }),
  );
}

/** Windows of any size, in register blocks of pixels by vectors of outputs. */
function emitBlocks(f: FunctionBuilder, machine: Machine, products: Products, from: Local, to: Local): void {
  const { height, width, windows, filters, vectors, target } = products;
  const [a, b, c, at] = f.locals('i32', 4);
  const value = f.local('v128');
  const pointers = [
    { local: at, ...windows },
    { local: c, ...target },
  ];
  let offset = 0;
  for (const { columns } of registerBlocks(machine, vectors)) {
    const most = BLOCK_PIXELS[Math.ceil(columns / machine.atOnce) - 1];
    const pixels = pixelsAtOnce(width, most);
    const cells = f.locals('v128', pixels * columns);
    const weights = f.locals('v128', columns);
    const step = (channel: number) => {
      const weightsAt = channel * vectors * VECTOR_BYTES + offset;
      for (const [i, weight] of weights.entries())
        f.set(weight, v128.load(get(b), weightsAt + i * VECTOR_BYTES));
      for (let pixel = 0; pixel < pixels; pixel++) {
        f.set(value, v128.load32Splat(get(a), pixel * windows.pixelBytes + channel * 4));
        for (const [i, weight] of weights.entries()) {
          const cell = cells[pixel * columns + i];
          f.set(cell, f.multiplyAdd(get(cell), get(value), get(weight)));
        }
      }
    };
    f.set(at, get(from));
    f.set(c, get(to));
    forEachPixelBlock(f, height, width, pixels, pointers, () => {
      for (const cell of cells) f.set(cell, v128.zero());
      f.set(a, get(at));
      f.set(b, i32.const(filters.address));
      forEachValue(f, products, a, b, step);
      for (const [i, cell] of cells.entries()) {
        const [pixel, vector] = [Math.floor(i / columns), i % columns];
        f.emit(v128.store(get(c), get(cell), pixel * target.pixelBytes + vector * VECTOR_BYTES + offset));
      }
    });
    offset += columns * VECTOR_BYTES;
  }
}

/** Channels up to which there is no loop over them. */
const FEW_CHANNELS = 4;

/** Walks `a` over a window's values and `b` over the filters; `step` sees some neighbouring channels of a tap. */
function forEachValue(
  f: FunctionBuilder,
  { taps, filters, vectors }: Products,
  a: Local,
  b: Local,
  step: (channel: number) => void,
): void {
  const [row, column, k] = f.locals('i32', 3);
  const { rows, columns, channels } = taps;
  const weightBytes = vectors * VECTOR_BYTES;
  f.repeat(row, rows, () => {
    f.repeat(column, columns, () => {
      let done = 0;
      if (channels <= FEW_CHANNELS) for (let channel = 0; channel < channels; channel++) step(channel);
      else {
        f.repeat(k, channels, () => {
          step(0);
          f.advance(a, 4);
          f.advance(b, weightBytes);
        });
        done = channels;
      }
      f.advance(a, taps.pixelBytes - done * 4);
      f.advance(b, filters.columnBytes - done * weightBytes);
    });
    f.advance(a, taps.rowBytes - columns * taps.pixelBytes);
    f.advance(b, filters.rowBytes - columns * filters.columnBytes);
  });
}
