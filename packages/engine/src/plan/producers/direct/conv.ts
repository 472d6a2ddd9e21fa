import { i32, memoryFill } from '../../../wasm/ops.js';
import { elementAddress, type InputWiring, type PlanContext, type ProducerCode } from '../../context.js';
import type { ConvProducer, Stage } from '../../graph/stage.js';
import { SPARE_BYTES } from '../../kernels/block-sums.js';
import { gradientTarget, rawGradientPlane, seenPlane } from '../../post/in-place.js';
import { emitPerImage } from '../per-image.js';
import { borderOf, scratchAt } from '../scratch-plane.js';
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
  const { raw, rawBytes } = context.buffers[stage.index];
  const kernel = context.weight(producer.kernel);
  const shared = context.sharedScratch();
  const layout = layOutDirect(context, stage, producer, shared);
  const { window, padded, gradient, slabs, filtersBack } = layout;

  const input = seenPlane(context, source, padded, () => padded.first);
  const convolve = emitConvolve(context, stage, layout);
  const forward = emitPerImage(context, `forward ${stage.name}`, (f, at) => {
    input.fetch(f, at);
    f.call(convolve, borderOf(padded, input.address(at)), elementAddress(raw, at.image, rawBytes));
  });

  const given = rawGradientPlane(context, stage, gradient, () => gradient.first);
  const filterGradient = emitFilterGradient(context, stage, layout);
  const spare = shared.alloc(SPARE_BYTES);
  const target = gradientTarget(context, source, wiring, (bytes) => shared.alloc(bytes));
  const inputGradient =
    target && filtersBack && emitInputGradient(context, stage, { ...layout, filtersBack }, target.layout);
  const backward = emitPerImage(
    context,
    `backward ${stage.name}`,
    (f, at) => {
      input.fetch(f, at);
      given.fetch(f, at);
      f.call(
        filterGradient,
        borderOf(padded, input.address(at)),
        given.address(at),
        elementAddress(slabs.address, at.chunk, slabs.bytes),
        scratchAt(at.base, spare),
      );
      if (!target || !inputGradient) return;
      f.call(inputGradient, borderOf(gradient, given.address(at)), target.address(at));
      target.finish(f, at);
    },
    (f, { chunk }) => {
      const slab = elementAddress(slabs.address, chunk, slabs.bytes);
      f.emit(memoryFill(slab, i32.const(0), i32.const(slabs.bytes)));
    },
  );
  const items = window.size[0];
  return {
    prepare: { items, run: emitFilters(context, stage, layout, kernel) },
    forward,
    backward,
    reduce: producer.kernel.trainable
      ? { items, run: emitFilterReduce(context, stage, layout, kernel) }
      : undefined,
  };
}
