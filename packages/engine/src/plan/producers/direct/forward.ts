import type { FunctionRef } from '../../../wasm/function-builder.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { vectorsOf } from '../../machine.js';
import type { DirectLayout } from './layout.js';
import { emitProducts } from './products.js';

/** From one window of the padded input to the next. */
export const windowSteps = ({ window: { strides }, padded: { layout } }: DirectLayout) => ({
  pixelBytes: strides[1] * layout.pixelBytes,
  rowBytes: strides[0] * layout.rowBytes,
});

/** `(padded input, output)`: one image. */
export function emitConvolve(context: PlanContext, stage: Stage, layout: DirectLayout): FunctionRef {
  const { window, input, output, outChannels, padded, filters, raw } = layout;
  const [rows, columns] = window.size;
  const columnBytes = input.channels * outChannels * 4;
  return context.module.function(`convolve ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const products = {
      height: output.height,
      width: output.width,
      windows: windowSteps(layout),
      taps: { ...padded.layout, rows, columns, channels: input.channels },
      filters: { address: filters, rowBytes: columns * columnBytes, columnBytes },
      vectors: vectorsOf(output.channels),
      target: raw,
    };
    emitProducts(f, context.machine, products, from, to);
  });
}
