import type { FunctionRef } from '../../../wasm/function-builder.js';
import { get, i32 } from '../../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { emitWindowSums } from '../../kernels/window-sums.js';
import { inputPhases, type Phase } from '../window.js';
import type { DepthwiseLayout } from './layout.js';

/** `(gradient, input's gradient)`: one image; the output's gradient lies in its bordered plane. */
export function emitInputGradient(
  context: PlanContext,
  stage: Stage,
  layout: DepthwiseLayout,
  target: PlaneLayout,
): FunctionRef {
  const { window, input, gradient, vectors, filter, pixelBytes } = layout;
  const source = gradient.layout;
  const weightsOf = (row: number, column: number) => filter + (row * window.size[1] + column) * pixelBytes;
  const rowsOf = (rows: Phase, columns: Phase) =>
    rows.taps.map((row, y) =>
      columns.taps.map((column, x) => ({
        offset: (rows.first + y) * source.rowBytes + (columns.first + x) * source.pixelBytes,
        weights: weightsOf(row, column),
      })),
    );
  return context.module.function(`input gradient ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const start = f.local('i32');
    for (const rows of inputPhases(window, 0, input.height))
      for (const columns of inputPhases(window, 1, input.width)) {
        const sums = {
          height: rows.count,
          width: columns.count,
          vectors,
          rows: rowsOf(rows, columns),
          values: 'vectors' as const,
          windows: source,
          target: {
            pixelBytes: window.strides[1] * target.pixelBytes,
            rowBytes: window.strides[0] * target.rowBytes,
          },
        };
        const offset = rows.offset * target.rowBytes + columns.offset * target.pixelBytes;
        f.set(start, i32.add(get(to), i32.const(offset)));
        emitWindowSums(f, context.machine, sums, from, start);
      }
  });
}
