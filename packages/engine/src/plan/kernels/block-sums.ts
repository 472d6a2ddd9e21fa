import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, type Local, v128 } from '../../wasm/ops.js';
import { VECTOR_BYTES } from '../machine.js';
import { emitAddWide } from './wide-sums.js';

/**
 * Adds a block's float32 sums to float64 ones and clears them.
 *
 * They go by way of memory: vectors that are stored side by side may share a register while they are summed up, which
 * the widening of each by itself would forbid.
 *
 * @param sums `vector`, and `offset` of its float64 sums from `to`.
 * @param spare Address of 16 bytes for each sum.
 */
export function emitAddBlock(
  f: FunctionBuilder,
  sums: readonly { vector: Local; offset: number }[],
  to: Local,
  spare: Local,
): void {
  for (const [i, { vector }] of sums.entries()) f.emit(v128.store(get(spare), get(vector), i * VECTOR_BYTES));
  const [{ vector: value }] = sums;
  for (const [i, { offset }] of sums.entries()) {
    f.set(value, v128.load(get(spare), i * VECTOR_BYTES));
    emitAddWide(f, to, offset, value);
  }
  for (const { vector } of sums) f.set(vector, v128.zero());
}
