import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, type Local, v128 } from '../../wasm/ops.js';
import { type Machine, VECTOR_BYTES, vectorGroups } from '../machine.js';
import { storeSideBySide } from './side-by-side.js';

/** Sets `vectors` neighbouring vectors to what `step` makes of them and of those at `from`. Both pointers are moved. */
export function emitCombine(
  f: FunctionBuilder,
  machine: Machine,
  vectors: number,
  to: Local,
  from: Local,
  step: (own: Code, other: Code) => Code,
): void {
  const counter = f.local('i32');
  const values = f.locals('v128', machine.atOnce);
  for (const { count, times } of vectorGroups(machine, vectors))
    f.repeat(counter, times, () => {
      const some = values.slice(0, count);
      for (const [i, value] of some.entries()) {
        const at = i * VECTOR_BYTES;
        f.set(value, step(v128.load(get(to), at), v128.load(get(from), at)));
      }
      storeSideBySide(f, to, 0, some.map(get));
      for (const pointer of [to, from]) f.advance(pointer, count * VECTOR_BYTES);
    });
}
