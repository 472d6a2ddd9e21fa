import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, type Local, v128 } from '../../wasm/ops.js';
import { VECTOR_BYTES } from '../machine.js';
import { storeSideBySide } from './side-by-side.js';
import { emitAddWide, WIDE_BYTES } from './wide-sums.js';

/** Sums of neighbouring vectors, and where their float64 totals lie. */
export interface NeighbouringSums {
  readonly vectors: readonly Local[];
  readonly offset: number;
}

/** Bytes of memory that {@link emitAddBlock} works with: as many sums as registers hold, and gaps between them. */
export const SPARE_BYTES = 32 * VECTOR_BYTES;

/**
 * Adds a block's float32 sums to float64 totals and clears them.
 *
 * They go by way of memory: vectors that are stored side by side may share a register while they are summed up, which
 * the widening of each by itself would forbid.
 */
export function emitAddBlock(
  f: FunctionBuilder,
  sums: readonly NeighbouringSums[],
  totals: Local,
  spare: Local,
): void {
  let place = 0;
  const places = sums.map(({ vectors }) => {
    const at = place;
    // A gap, so that an odd vector does not pass for the neighbour of the next one.
    place += (vectors.length + (vectors.length % 2)) * VECTOR_BYTES;
    return at;
  });
  for (const [i, { vectors }] of sums.entries()) storeSideBySide(f, spare, places[i], vectors.map(get));
  for (const [i, { vectors, offset }] of sums.entries())
    for (const [j, vector] of vectors.entries()) {
      f.set(vector, v128.load(get(spare), places[i] + j * VECTOR_BYTES));
      emitAddWide(f, totals, offset + j * WIDE_BYTES, vector);
      f.set(vector, v128.zero());
    }
}
