import type { FunctionRef } from '../../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { VECTOR_BYTES } from '../../machine.js';
import type { PoolLayout } from './layout.js';
import { forEachWindow, WindowCode } from './windows.js';

/** `(padded input, gradient, padded input's gradient)`: adds each window's gradient to the values that it came from. */
export function emitInputGradient(context: PlanContext, stage: Stage, layout: PoolLayout): FunctionRef {
  const { module, machine } = context;
  const isMax = layout.of === 'max';
  const parameters = ['i32', 'i32', 'i32'] as const;
  return module.function(`spread ${stage.name}`, parameters, [], (f, [padded, gradient, inputGradient]) => {
    const code = new WindowCode(f, layout);
    const [largest, d, taken, hit] = [0, 1, 2, 3].map(() => f.locals('v128', machine.atOnce));
    const factor = f.local('v128');
    const [distance, target] = f.locals('i32', 2);
    f.set(distance, i32.sub(get(inputGradient), get(padded)));
    /** The part of a window's gradient that goes to one of its values: the first of equal ones takes all. */
    const share = (at: Local, offset: number, i: number) => {
      if (!isMax) return get(d[i]);
      const value = v128.load(get(at), offset + i * VECTOR_BYTES);
      f.set(hit[i], v128.andnot(f32x4.eq(value, get(largest[i])), get(taken[i])));
      f.set(taken[i], v128.or(get(taken[i]), get(hit[i])));
      return v128.and(get(d[i]), get(hit[i]));
    };
    forEachWindow(f, machine, layout, { padded, out: gradient }, ({ y, x, window, out, count }) => {
      const lanes = Array.from({ length: count }, (_, i) => i);
      if (isMax) code.largest(largest.slice(0, count), window);
      else code.share(y, x, factor);
      for (const i of lanes) {
        const given = v128.load(get(out), i * VECTOR_BYTES);
        f.set(d[i], isMax ? given : f32x4.mul(given, get(factor)));
        if (isMax) f.set(taken[i], v128.zero());
      }
      code.forEachInside(window, (at, offset) => {
        f.set(target, i32.add(get(at), get(distance)));
        const places = lanes.map((i) => offset + i * VECTOR_BYTES);
        const sums = lanes.map((i) => f32x4.add(v128.load(get(target), places[i]), share(at, offset, i)));
        for (const i of lanes) f.emit(v128.store(get(target), sums[i], places[i]));
      });
    });
  });
}
