import type { FunctionRef } from '../../../wasm/function-builder.js';
import { f32x4, get, v128 } from '../../../wasm/ops.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { VECTOR_BYTES } from '../../machine.js';
import type { PoolLayout } from './layout.js';
import { forEachWindow, WindowCode } from './windows.js';

/** `(padded input, output)`: one image. */
export function emitPoolImage(context: PlanContext, stage: Stage, layout: PoolLayout): FunctionRef {
  const { module, machine } = context;
  return module.function(`pool ${stage.name}`, ['i32', 'i32'], [], (f, [padded, to]) => {
    const code = new WindowCode(f, layout);
    const values = f.locals('v128', machine.atOnce);
    const factor = f.local('v128');
    forEachWindow(f, machine, layout, { padded, out: to }, ({ y, x, window, out, count }) => {
      const own = values.slice(0, count);
      if (layout.of === 'max') code.largest(own, window);
      else {
        code.join(own, window, v128.zero(), f32x4.add);
        code.share(y, x, factor);
        for (const value of own) f.set(value, f32x4.mul(get(value), get(factor)));
      }
      for (const [i, value] of own.entries()) f.emit(v128.store(get(out), get(value), i * VECTOR_BYTES));
    });
  });
}
