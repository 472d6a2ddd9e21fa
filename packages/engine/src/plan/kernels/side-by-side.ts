import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, type Local, v128 } from '../../wasm/ops.js';
import { VECTOR_BYTES } from '../machine.js';

/**
 * Stores neighbouring vectors with nothing in between, which is what a runtime needs to pack them and all that they
 * are made of. The values must not read memory: loads come before.
 *
 * From the last to the first: V8 keeps the first of two packed stores beside the packed one where it stands at the
 * lower address, in case the other one traps.
 */
export function storeSideBySide(
  f: FunctionBuilder,
  address: Local,
  offset: number,
  values: readonly Code[],
): void {
  for (let i = values.length - 1; i >= 0; i--)
    f.emit(v128.store(get(address), values[i], offset + i * VECTOR_BYTES));
}
