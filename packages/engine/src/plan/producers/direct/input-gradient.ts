import type { FunctionRef } from '../../../wasm/function-builder.js';
import { get, i32 } from '../../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { vectorsOf } from '../../machine.js';
import { inputPhases, type Phase } from '../window.js';
import type { DirectLayout } from './layout.js';
import { emitProducts, type Products } from './products.js';

/** The layout of a convolution whose input has a gradient. */
type GatheredLayout = DirectLayout & { readonly filtersBack: NonNullable<DirectLayout['filtersBack']> };

/** `(gradient, input's gradient)`: one image; the output's gradient lies in its bordered plane. */
export function emitInputGradient(
  context: PlanContext,
  stage: Stage,
  layout: GatheredLayout,
  target: PlaneLayout,
): FunctionRef {
  const { window, input } = layout;
  return context.module.function(`input gradient ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const [first, start] = f.locals('i32', 2);
    const steps = {
      pixelBytes: window.strides[1] * target.pixelBytes,
      rowBytes: window.strides[0] * target.rowBytes,
    };
    for (const rows of inputPhases(window, 0, input.height))
      for (const columns of inputPhases(window, 1, input.width)) {
        const { pixelBytes, rowBytes } = layout.gradient.layout;
        f.set(first, i32.add(get(from), i32.const(rows.first * rowBytes + columns.first * pixelBytes)));
        const offset = rows.offset * target.rowBytes + columns.offset * target.pixelBytes;
        f.set(start, i32.add(get(to), i32.const(offset)));
        const products = phaseProducts(layout, rows, columns, steps);
        emitProducts(f, context.machine, products, first, start);
      }
  });
}

/** The sum of products that gives the gradient of some input positions; it is empty where no window reaches them. */
function phaseProducts(
  { window, input, output, gradient, filtersBack }: GatheredLayout,
  rows: Phase,
  columns: Phase,
  target: PlaneLayout,
): Products {
  const tapBytes = output.channels * filtersBack.inChannels * 4;
  const [height, width] = window.size;
  /** The filters lie there from the last tap to the first. */
  const firstTap = (height - 1 - (rows.taps[0] ?? 0)) * width + (width - 1 - (columns.taps[0] ?? 0));
  return {
    height: rows.count,
    width: columns.count,
    windows: gradient.layout,
    taps: {
      ...gradient.layout,
      rows: rows.taps.length,
      columns: columns.taps.length,
      channels: output.channels,
    },
    filters: {
      address: filtersBack.address + firstTap * tapBytes,
      rowBytes: window.strides[0] * width * tapBytes,
      columnBytes: window.strides[1] * tapBytes,
    },
    vectors: vectorsOf(input.channels),
    target,
  };
}
