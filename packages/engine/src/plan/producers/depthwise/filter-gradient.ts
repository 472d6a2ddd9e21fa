import type { FunctionRef } from '../../../wasm/function-builder.js';
import { get, v128 } from '../../../wasm/ops.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { emitAddBlock } from '../../kernels/block-sums.js';
import { forEachBlock } from '../../kernels/planes.js';
import { WIDE_BYTES } from '../../kernels/wide-sums.js';
import { channelPasses, VECTOR_BYTES } from '../../machine.js';
import { everyTap, windowSteps } from './forward.js';
import type { DepthwiseLayout } from './layout.js';

/** The most taps that are summed at once: their sums stay in registers. */
const TAPS_AT_ONCE = 9;

/** `(padded input, gradient, slab, spare)`: adds an image's filter gradient. */
export function emitFilterGradient(context: PlanContext, stage: Stage, layout: DepthwiseLayout): FunctionRef {
  const { module, machine } = context;
  const { output, vectors, taps } = layout;
  const parameters = ['i32', 'i32', 'i32', 'i32'] as const;
  return module.function(
    `filter gradient ${stage.name}`,
    parameters,
    [],
    (f, [source, gradient, slab, spare]) => {
      const [window, out] = f.locals('i32', 2);
      const sums = Array.from({ length: Math.min(TAPS_AT_ONCE, taps) }, () =>
        f.locals('v128', machine.atOnce),
      );
      const d = f.locals('v128', machine.atOnce);
      const pointers = [
        { local: window, ...windowSteps(layout) },
        { local: out, ...layout.gradient.layout },
      ];
      const all = everyTap(layout);
      for (let start = 0; start < taps; start += TAPS_AT_ONCE)
        for (const { first, count } of channelPasses(vectors, machine.atOnce)) {
          const cells = all.slice(start, start + TAPS_AT_ONCE).map(({ index, offset }, tap) => ({
            vectors: sums[tap].slice(0, count),
            from: offset + first * VECTOR_BYTES,
            offset: (index * vectors + first) * WIDE_BYTES,
          }));
          f.set(window, get(source));
          f.set(out, get(gradient));
          for (const cell of cells) for (const sum of cell.vectors) f.set(sum, v128.zero());
          const visit = () => {
            for (let i = 0; i < count; i++) f.set(d[i], v128.load(get(out), (first + i) * VECTOR_BYTES));
            for (const cell of cells)
              for (const [i, sum] of cell.vectors.entries()) {
                const value = v128.load(get(window), cell.from + i * VECTOR_BYTES);
                f.set(sum, f.multiplyAdd(get(sum), value, get(d[i])));
              }
          };
          forEachBlock(f, output.height, output.width, pointers, visit, () =>
            emitAddBlock(f, cells, slab, spare),
          );
        }
    },
  );
}
