import type { FunctionRef } from '../../../wasm/function-builder.js';
import { get, v128 } from '../../../wasm/ops.js';
import { elementAddress, type PlanContext, type WeightAddress } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { emitReduceRow, loadWeights } from '../../kernels/weights.js';
import { LANES, VECTOR_BYTES, vectorsOf } from '../../machine.js';
import type { DirectLayout } from './layout.js';

/** `(kernel row)`: the filters in whole vectors, and once more the other way round for the input's gradient. */
export function emitFilters(
  context: PlanContext,
  stage: Stage,
  { window, input, output, outChannels, filters, filtersBack }: DirectLayout,
  kernel: WeightAddress,
): FunctionRef {
  const [rows, columns] = window.size;
  return context.module.function(`filters ${stage.name}`, ['i32'], [], (f, [row]) => {
    const value = f.local('v128');
    const [from, to, back, x, channel] = f.locals('i32', 5);
    f.set(from, elementAddress(kernel.value, row, columns * input.channels * output.channels * 4));
    f.set(to, elementAddress(filters, row, columns * input.channels * outChannels * 4));
    const tapBytes = filtersBack ? output.channels * filtersBack.inChannels * 4 : 0;
    if (filtersBack) {
      const last = filtersBack.address + (rows * columns - 1) * tapBytes;
      f.set(back, elementAddress(last, row, -columns * tapBytes));
    }
    f.repeat(x, columns, () => {
      f.repeat(channel, input.channels, () => {
        for (let vector = 0; vector < vectorsOf(output.channels); vector++) {
          const valid = output.channels - vector * LANES;
          f.set(value, loadWeights(get(from), vector * VECTOR_BYTES, valid));
          f.emit(v128.store(get(to), get(value), vector * VECTOR_BYTES));
          if (!filtersBack) continue;
          for (let lane = 0; lane < Math.min(LANES, valid); lane++) {
            const place = (vector * LANES + lane) * filtersBack.inChannels * 4;
            f.emit(v128.store32Lane(get(back), get(value), lane, place));
          }
        }
        f.advance(from, output.channels * 4);
        f.advance(to, outChannels * 4);
        if (filtersBack) f.advance(back, 4);
      });
      // The tap to the right comes before this one.
      if (filtersBack) f.advance(back, -tapBytes - input.channels * 4);
    });
  });
}

/** `(kernel row)`: the sum of the chunks' gradients of a row of the filters. */
export function emitFilterReduce(
  context: PlanContext,
  stage: Stage,
  { window, input, output, outChannels, slabs }: DirectLayout,
  kernel: WeightAddress,
): FunctionRef {
  const weights = window.size[1] * input.channels;
  return context.module.function(`reduce ${stage.name}`, ['i32'], [], (f, [row]) => {
    const [from, to, weight] = f.locals('i32', 3);
    f.set(from, elementAddress(slabs.address, row, weights * outChannels * 8));
    f.set(to, elementAddress(kernel.gradient, row, weights * output.channels * 4));
    f.repeat(weight, weights, () => {
      emitReduceRow(f, { from, to, channels: output.channels, slabBytes: slabs.bytes, wide: true });
      f.advance(from, outChannels * 8);
      f.advance(to, output.channels * 4);
    });
  });
}
