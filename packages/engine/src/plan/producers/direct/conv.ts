import type { InputWiring, PlanContext, ProducerCode } from '../../context.js';
import type { ConvProducer, Stage } from '../../graph/stage.js';
import { gradientTarget, seenPlane } from '../../post/in-place.js';
import { emitConvPasses } from '../conv-passes.js';
import { emitFilterGradient } from './filter-gradient.js';
import { emitFilterReduce, emitFilters } from './filters.js';
import { emitConvolve } from './forward.js';
import { emitInputGradient } from './input-gradient.js';
import { layOutDirect } from './layout.js';

/**
 * A convolution of any kernel size and stride, done directly: its outputs, and the gradient of its input, are sums of
 * products over windows of a plane.
 */
export function emitDirectConv(
  context: PlanContext,
  stage: Stage,
  producer: ConvProducer,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const [source] = stage.inputs;
  const kernel = context.weight(producer.kernel);
  const shared = context.sharedScratch();
  const layout = layOutDirect(context, stage, producer, shared);
  const { window, padded, filtersBack } = layout;
  const items = window.size[0];
  const target = gradientTarget(context, source, wiring, (bytes) => shared.alloc(bytes));
  return {
    prepare: { items, run: emitFilters(context, stage, layout, kernel) },
    ...emitConvPasses(context, stage, {
      layout,
      shared,
      input: seenPlane(context, source, padded, () => padded.first),
      convolve: emitConvolve(context, stage, layout),
      filterGradient: emitFilterGradient(context, stage, layout),
      inputGradient: target &&
        filtersBack && {
          target,
          run: emitInputGradient(context, stage, { ...layout, filtersBack }, target.layout),
        },
    }),
    reduce: producer.kernel.trainable
      ? { items, run: emitFilterReduce(context, stage, layout, kernel) }
      : undefined,
  };
}
