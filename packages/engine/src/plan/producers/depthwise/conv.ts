import type { Arena } from '../../arena.js';
import type { InputWiring, PlanContext, ProducerCode } from '../../context.js';
import type { DepthwiseProducer, Stage } from '../../graph/stage.js';
import { type GradientTarget, gradientTarget, type Plane, seenPlane } from '../../post/in-place.js';
import { emitConvPasses } from '../conv-passes.js';
import { scratchAt } from '../scratch-plane.js';
import { emitFilterGradient } from './filter-gradient.js';
import { emitFilter, emitFilterReduce } from './filters.js';
import { emitConvolve } from './forward.js';
import { emitInputGradient } from './input-gradient.js';
import { type DepthwiseLayout, layOutDepthwise } from './layout.js';
import { emitRepeat, emitSumRepeated } from './repeat.js';

/**
 * A depthwise convolution: every channel filtered on its own, `multiplier` times. With a multiplier the input's
 * channels are first repeated, so that input and output channels stand side by side.
 */
export function emitDepthwiseConv(
  context: PlanContext,
  stage: Stage,
  producer: DepthwiseProducer,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const shared = context.sharedScratch();
  const layout = layOutDepthwise(context, stage, producer, shared);
  const kernel = context.weight(producer.kernel);
  const items = layout.taps;
  const target = inputGradientTarget(context, stage, layout, wiring, shared);
  return {
    prepare: { items, run: emitFilter(context, stage, layout, kernel) },
    ...emitConvPasses(context, stage, {
      layout,
      shared,
      input: inputPlane(context, stage, layout, shared),
      convolve: emitConvolve(context, stage, layout),
      filterGradient: emitFilterGradient(context, stage, layout),
      inputGradient: target && { target, run: emitInputGradient(context, stage, layout, target.layout) },
    }),
    reduce: producer.kernel.trainable
      ? { items, run: emitFilterReduce(context, stage, layout, kernel) }
      : undefined,
  };
}

/** The input with a border, its channels side by side with the outputs that they make. */
function inputPlane(context: PlanContext, stage: Stage, layout: DepthwiseLayout, shared: Arena): Plane {
  const [input] = stage.inputs;
  const { padded, multiplier } = layout;
  if (multiplier === 1) return seenPlane(context, input, padded, () => padded.first);
  const loaded = seenPlane(context, input, { layout: layout.inputPlane, bordered: false }, () =>
    shared.alloc(layout.inputBytes),
  );
  const repeat = emitRepeat(context, stage, layout);
  return {
    layout: padded.layout,
    fetch: (f, at) => {
      loaded.fetch(f, at);
      f.call(repeat, loaded.address(at), scratchAt(at.base, padded.first));
    },
    address: ({ base }) => scratchAt(base, padded.first),
  };
}

/** Where the input's gradient goes; with a multiplier, that of the repeated channels, which are then summed. */
function inputGradientTarget(
  context: PlanContext,
  stage: Stage,
  layout: DepthwiseLayout,
  wiring: InputWiring,
  shared: Arena,
): GradientTarget | undefined {
  const [input] = stage.inputs;
  const { multiplier, pixelBytes } = layout;
  const target = gradientTarget(context, input, wiring, (bytes) => shared.alloc(bytes));
  if (multiplier === 1 || !target) return target;
  const rowBytes = input.shape.width * pixelBytes;
  const repeated = shared.alloc(input.shape.height * rowBytes);
  const sumRepeated = emitSumRepeated(context, stage, layout);
  return {
    layout: { pixelBytes, rowBytes },
    address: ({ base }) => scratchAt(base, repeated),
    finish: (f, at) => {
      f.call(sumRepeated, scratchAt(at.base, repeated), target.address(at));
      target.finish(f, at);
    },
  };
}
