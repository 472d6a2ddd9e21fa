import type { FunctionRef } from '../../../wasm/function-builder.js';
import { v128 } from '../../../wasm/ops.js';
import { elementAddress, type PlanContext, type WeightAddress } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { emitReduceRow, loadWeights } from '../../kernels/weights.js';
import { LANES, VECTOR_BYTES } from '../../machine.js';
import type { DepthwiseLayout } from './layout.js';

/** `(tap)`: a tap's weights in whole vectors. */
export function emitFilter(
  context: PlanContext,
  stage: Stage,
  { filter, pixelBytes, vectors, output }: DepthwiseLayout,
  kernel: WeightAddress,
): FunctionRef {
  return context.module.function(`filters ${stage.name}`, ['i32'], [], (f, [tap]) => {
    const from = elementAddress(kernel.value, tap, output.channels * 4);
    const to = elementAddress(filter, tap, pixelBytes);
    for (let vector = 0; vector < vectors; vector++) {
      const value = loadWeights(from, vector * VECTOR_BYTES, output.channels - vector * LANES);
      f.emit(v128.store(to, value, vector * VECTOR_BYTES));
    }
  });
}

/** `(tap)`: the sum of the chunks' gradients of a tap's weights. */
export function emitFilterReduce(
  context: PlanContext,
  stage: Stage,
  { slabs, pixelBytes, output: { channels } }: DepthwiseLayout,
  kernel: WeightAddress,
): FunctionRef {
  return context.module.function(`reduce ${stage.name}`, ['i32'], [], (f, [tap]) => {
    const [from, to] = f.locals('i32', 2);
    f.set(from, elementAddress(slabs.address, tap, pixelBytes * 2));
    f.set(to, elementAddress(kernel.gradient, tap, channels * 4));
    emitReduceRow(f, { from, to, channels, slabBytes: slabs.bytes, wide: true });
  });
}
