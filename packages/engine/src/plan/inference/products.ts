import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import type { PlanContext } from '../context.js';
import { type GemmTemporaries, gemmTemporaries } from '../kernels/gemm.js';
import { storeSideBySide } from '../kernels/side-by-side.js';
import { type BlockShape, type Machine, registerBlocks, VECTOR_BYTES } from '../machine.js';
import type { Side, WinogradLayout } from '../producers/winograd/layout.js';
import { FREQUENCIES } from '../producers/winograd/transforms.js';

/** One side's tiles in the frequency domain. */
type Tiles = Pick<Side, 'channels' | 'padded' | 'frequencies'>;

/**
 * A function `(a, c)`: a fixed number of tiles times filters, a matrix product per frequency. As training's products,
 * in the same order, but for a number of tiles that is known: no row is computed that does not exist, and a chain
 * begins with its first product.
 */
export function emitTileProducts(
  context: PlanContext,
  name: string,
  sides: { a: Tiles; c: Tiles },
  filters: WinogradLayout['filters'],
  tiles: number,
): FunctionRef {
  const { a, c } = sides;
  return context.module.function(name, ['i32', 'i32'], [], (f, [pa, pc]) => {
    const temporaries = gemmTemporaries(f, context.machine);
    const [frequency, pb, rowA, rowC, row] = f.locals('i32', 5);
    f.set(pb, i32.const(filters.address));
    f.repeat(frequency, FREQUENCIES, () => {
      let offset = 0;
      for (const { rows, columns } of registerBlocks(context.machine, c.padded / 4)) {
        const at = { a: rowA, b: pb, c: rowC, offset };
        const emit = (count: number) =>
          emitTileBlock(f, context.machine, sides, { rows: count, columns }, at, temporaries);
        f.set(rowA, get(pa));
        f.set(rowC, get(pc));
        f.repeat(row, Math.floor(tiles / rows), () => {
          emit(rows);
          f.advance(rowA, rows * a.frequencies.tileBytes);
          f.advance(rowC, rows * c.frequencies.tileBytes);
        });
        if (tiles % rows) emit(tiles % rows);
        offset += columns * VECTOR_BYTES;
      }
      f.advance(pa, a.frequencies.frequencyBytes);
      f.advance(pb, filters.frequencyBytes);
      f.advance(pc, c.frequencies.frequencyBytes);
    });
  });
}

/** One register block; the k loop is not unrolled for the reason that `emitBlock` of the gemm gives. */
function emitTileBlock(
  f: FunctionBuilder,
  { atOnce }: Machine,
  { a, c }: { a: Tiles; c: Tiles },
  { rows, columns }: BlockShape,
  at: { a: Local; b: Local; c: Local; offset: number },
  { pa, pb, count, acc, weights, value }: GemmTemporaries,
): void {
  const step = (cellOf: (sum: Local, weight: Local) => number[]) => {
    for (let column = 0; column < columns; column++)
      f.set(weights[column], v128.load(get(pb), at.offset + column * VECTOR_BYTES));
    for (let row = 0; row < rows; row++) {
      f.set(value, v128.load32Splat(get(pa), row * a.frequencies.tileBytes));
      for (let column = 0; column < columns; column++) {
        const sum = acc[row * columns + column];
        f.set(sum, cellOf(sum, weights[column]));
      }
    }
    f.advance(pa, 4);
    f.advance(pb, c.padded * 4);
  };
  f.set(pa, get(at.a));
  f.set(pb, get(at.b));
  step((_, weight) => f32x4.mul(get(value), get(weight)));
  f.repeat(count, a.channels - 1, () =>
    step((sum, weight) => [...f.multiplyAdd(get(sum), get(value), get(weight))]),
  );
  const paired = columns - (columns % atOnce);
  // The odd column gets an address of its own, so that it does not pass for the neighbour of the next row's first.
  const odd = count;
  if (paired < columns) f.set(odd, i32.add(get(at.c), i32.const(at.offset + paired * VECTOR_BYTES)));
  for (let row = 0; row < rows; row++) {
    const sums = acc.slice(row * columns, (row + 1) * columns).map(get);
    storeSideBySide(f, at.c, at.offset + row * c.frequencies.tileBytes, sums.slice(0, paired));
    storeSideBySide(f, odd, row * c.frequencies.tileBytes, sums.slice(paired));
  }
}
