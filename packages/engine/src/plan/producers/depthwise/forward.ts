import type { FunctionRef } from '../../../wasm/function-builder.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { emitWindowSums } from '../../kernels/window-sums.js';
import type { DepthwiseLayout } from './layout.js';

/** Every tap of a filter: its row and column, and its place in the padded input. */
export const everyTap = ({ window, padded, taps }: DepthwiseLayout) =>
  Array.from({ length: taps }, (_, index) => {
    const [row, column] = [Math.floor(index / window.size[1]), index % window.size[1]];
    return { index, offset: row * padded.layout.rowBytes + column * padded.layout.pixelBytes };
  });

/** From one window of the padded input to the next. */
export const windowSteps = ({ window: { strides }, padded: { layout } }: DepthwiseLayout) => ({
  pixelBytes: strides[1] * layout.pixelBytes,
  rowBytes: strides[0] * layout.rowBytes,
});

/** `(padded input, output)`: one image. */
export function emitConvolve(context: PlanContext, stage: Stage, layout: DepthwiseLayout): FunctionRef {
  const { window, output, vectors, filter, pixelBytes } = layout;
  const taps = everyTap(layout).map(({ index, offset }) => ({
    offset,
    weights: filter + index * pixelBytes,
  }));
  const [rows, columns] = window.size;
  return context.module.function(`convolve ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const sums = {
      height: output.height,
      width: output.width,
      vectors,
      rows: Array.from({ length: rows }, (_, row) => taps.slice(row * columns, (row + 1) * columns)),
      values: 'vectors' as const,
      windows: windowSteps(layout),
      target: layout.raw,
    };
    emitWindowSums(f, context.machine, sums, from, to);
  });
}
