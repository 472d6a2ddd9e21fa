import type { FunctionBuilder } from '../../../wasm/function-builder.js';
import { get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlaneLayout } from '../../context.js';
import { forEachPixelBlock, pixelsAtOnce } from '../../kernels/pixel-blocks.js';
import { storeSideBySide } from '../../kernels/side-by-side.js';
import { emitWindowSums, HELD_WEIGHTS } from '../../kernels/window-sums.js';
import { type Machine, registerBlocks, VECTOR_BYTES } from '../../machine.js';

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
  const emit = rows * columns * channels <= HELD_WEIGHTS ? emitHeld : emitBlocks;
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
  const { taps, filters, vectors } = products;
  const rows = Array.from({ length: taps.rows }, (_, row) =>
    Array.from({ length: taps.columns * taps.channels }, (_, place) => {
      const [column, channel] = [Math.floor(place / taps.channels), place % taps.channels];
      const weight = row * filters.rowBytes + column * filters.columnBytes + channel * vectors * VECTOR_BYTES;
      return {
        offset: row * taps.rowBytes + column * taps.pixelBytes + channel * 4,
        weights: filters.address + weight,
      };
    }),
  );
  emitWindowSums(f, machine, { ...products, rows, values: 'float' }, from, to);
}

/** Windows of any size, in register blocks of pixels by vectors of outputs. */
function emitBlocks(f: FunctionBuilder, machine: Machine, products: Products, from: Local, to: Local): void {
  const { height, width, windows, filters, vectors, target } = products;
  const [a, b, c, at, odd] = f.locals('i32', 5);
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
      // The odd vector gets an address of its own, so that it does not pass for the neighbour of the next pixel's first.
      const paired = columns - (columns % machine.atOnce);
      f.set(odd, i32.add(get(c), i32.const(offset + paired * VECTOR_BYTES)));
      for (let pixel = 0; pixel < pixels; pixel++) {
        const sums = cells.slice(pixel * columns, (pixel + 1) * columns).map(get);
        storeSideBySide(f, c, pixel * target.pixelBytes + offset, sums.slice(0, paired));
        storeSideBySide(f, odd, pixel * target.pixelBytes, sums.slice(paired));
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
