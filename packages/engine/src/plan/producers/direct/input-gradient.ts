import type { FunctionBuilder, FunctionRef } from '../../../wasm/function-builder.js';
import { get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { forEachPixel } from '../../kernels/planes.js';
import { VECTOR_BYTES, vectorsOf } from '../../machine.js';
import { inputPhases, type Phase } from '../window.js';
import type { DirectLayout } from './layout.js';
import { emitProducts, type Products } from './products.js';

/** `(gradient, input's gradient)`: one image; the output's gradient lies in its bordered plane. */
export function emitInputGradient(
  context: PlanContext,
  stage: Stage,
  layout: DirectLayout,
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
        if (products) emitProducts(f, context.machine, products, first, start);
        else emitZeros(f, rows.count, columns.count, steps, vectorsOf(input.channels), start);
      }
  });
}

/** The sum of products that gives the gradient of some input positions; none where no window reaches them. */
function phaseProducts(
  { window, input, output, gradient, filtersBack }: DirectLayout,
  rows: Phase,
  columns: Phase,
  target: PlaneLayout,
): Products | undefined {
  if (!filtersBack || rows.taps.length === 0 || columns.taps.length === 0) return undefined;
  const tapBytes = output.channels * filtersBack.inChannels * 4;
  const [height, width] = window.size;
  /** The filters lie there from the last tap to the first. */
  const firstTap = (height - 1 - rows.taps[0]) * width + (width - 1 - columns.taps[0]);
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

function emitZeros(
  f: FunctionBuilder,
  height: number,
  width: number,
  layout: PlaneLayout,
  vectors: number,
  start: Local,
): void {
  forEachPixel(f, height, width, [{ local: start, ...layout }], () => {
    for (let vector = 0; vector < vectors; vector++)
      f.emit(v128.store(get(start), v128.zero(), vector * VECTOR_BYTES));
  });
}
