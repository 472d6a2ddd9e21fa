import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import { type BlockShape, blockLimits, type Machine, registerBlocks, VECTOR_BYTES } from '../machine.js';
import { storeSideBySide } from './side-by-side.js';

/** Strides in bytes of one operand of {@link emitBlock}. */
export interface GemmShape {
  /** From one row of A to the next. */
  readonly aRow: number;
  /** From one k of A to the next. */
  readonly aK: number;
  /** From one k of B to the next. */
  readonly bK: number;
  /** From one row of C to the next. */
  readonly cRow: number;
}

/**
 * One register block of `C (+)= A B`: `rows` rows by `columns` vectors of columns, a chain of multiply
 * then add over k in rising order for every element of C. What C holds is added last: short chains lose fewer
 * digits.
 *
 * The k loop is not unrolled: V8 would hoist the loads of a whole unrolled block and spill.
 *
 * @param a Local with the address of A's first element of the block; left as it was.
 * @param b Local with the address of B's first vector; left as it was.
 * @param c Local with the address of C's first vector.
 * @param k Code of the number of steps, at least 1.
 */
export function emitBlock(
  f: FunctionBuilder,
  machine: Machine,
  shape: GemmShape,
  block: BlockShape,
  operands: { a: Local; b: Local; c: Local; k: Code; aOffset?: number; bOffset?: number; cOffset?: number },
  temporaries: GemmTemporaries,
  accumulate: boolean,
): void {
  const { rows, columns } = block;
  const { a, b, c, k, aOffset = 0, bOffset = 0, cOffset = 0 } = operands;
  const { pa, pb, count, acc, weights, value } = temporaries;
  f.set(pa, get(a));
  f.set(pb, get(b));
  f.set(count, k);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) f.set(acc[row * columns + column], v128.zero());
  f.doWhile(() => {
    for (let column = 0; column < columns; column++)
      f.set(weights[column], v128.load(get(pb), bOffset + column * VECTOR_BYTES));
    for (let row = 0; row < rows; row++) {
      f.set(value, v128.load32Splat(get(pa), aOffset + row * shape.aRow));
      for (let column = 0; column < columns; column++) {
        const cell = acc[row * columns + column];
        f.set(cell, f.multiplyAdd(get(cell), get(value), get(weights[column])));
      }
    }
    f.advance(pa, shape.aK);
    f.advance(pb, shape.bK);
    f.advance(count, -1);
    return get(count);
  });
  const paired = columns - (columns % machine.atOnce);
  // The odd column gets an address of its own, so that it does not pass for the neighbour of the next row's first.
  const odd = count;
  if (paired < columns) f.set(odd, i32.add(get(c), i32.const(cOffset + paired * VECTOR_BYTES)));
  for (let row = 0; row < rows; row++) {
    const sums = acc.slice(row * columns, (row + 1) * columns);
    const start = cOffset + row * shape.cRow;
    if (accumulate)
      for (const [i, sum] of sums.entries())
        f.set(sum, f32x4.add(v128.load(get(c), start + i * VECTOR_BYTES), get(sum)));
    storeSideBySide(f, c, start, sums.slice(0, paired).map(get));
    storeSideBySide(f, odd, row * shape.cRow, sums.slice(paired).map(get));
  }
}

/** Locals that {@link emitBlock} works with; one set serves a whole function. */
export interface GemmTemporaries {
  readonly pa: Local;
  readonly pb: Local;
  readonly count: Local;
  readonly acc: readonly Local[];
  readonly weights: readonly Local[];
  readonly value: Local;
}

export function gemmTemporaries(f: FunctionBuilder, machine: Machine): GemmTemporaries {
  const { sums, columns } = blockLimits(machine);
  return {
    pa: f.local('i32'),
    pb: f.local('i32'),
    count: f.local('i32'),
    acc: f.locals('v128', sums),
    weights: f.locals('v128', columns),
    value: f.local('v128'),
  };
}

/**
 * `C (+)= A B` for any number of rows, in register blocks. Rows are rounded up to whole blocks: A and C must
 * have room for {@link paddedRows} rows, what lies in the spare ones does not matter.
 */
export function emitGemm(
  f: FunctionBuilder,
  machine: Machine,
  shape: GemmShape,
  columnVectors: number,
  operands: { a: Local; b: Local; c: Local; k: Code; rows: Code },
  accumulate: boolean,
): void {
  const temporaries = gemmTemporaries(f, machine);
  const [rowA, rowC, row] = f.locals('i32', 3);
  let offset = 0;
  for (const block of registerBlocks(machine, columnVectors)) {
    const { rows, columns } = block;
    f.set(rowA, get(operands.a));
    f.set(rowC, get(operands.c));
    f.set(row, operands.rows);
    f.while(i32.gtS(get(row), i32.const(0)), () => {
      emitBlock(
        f,
        machine,
        shape,
        block,
        { a: rowA, b: operands.b, c: rowC, k: operands.k, bOffset: offset, cOffset: offset },
        temporaries,
        accumulate,
      );
      f.advance(rowA, rows * shape.aRow);
      f.advance(rowC, rows * shape.cRow);
      f.advance(row, -rows);
    });
    offset += columns * VECTOR_BYTES;
  }
}
