import type { Code } from '../../../wasm/encode.js';
import type { FunctionBuilder } from '../../../wasm/function-builder.js';
import { f32x4, get, i32, memoryFill, v128 } from '../../../wasm/ops.js';
import { elementAddress, type InputWiring, type PlanContext, type ProducerCode } from '../../context.js';
import type { PoolProducer, Stage } from '../../graph/stage.js';
import { VECTOR_BYTES } from '../../machine.js';
import { emitSink } from '../../post/backward.js';
import { rawGradientPlane, seenPlane } from '../../post/in-place.js';
import { perImageProducer } from '../per-image.js';
import { borderOf, scratchAt } from '../scratch-plane.js';
import { emitPoolImage } from './forward.js';
import { emitInputGradient } from './input-gradient.js';
import { layOutPool, type PoolLayout } from './layout.js';

/** Pooling with windows of any size and stride. Padding takes no part: an average counts real values only. */
export function emitPool(
  context: PlanContext,
  stage: Stage,
  producer: PoolProducer,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const [source] = stage.inputs;
  const { raw, rawBytes } = context.buffers[stage.index];
  const layout = layOutPool(stage, producer, context.sharedScratch());
  const { padded, inputGradient } = layout;
  const input = seenPlane(context, source, padded, () => layout.values + padded.inside);
  const pool = emitPoolImage(context, stage, layout);
  const given = rawGradientPlane(
    context,
    stage,
    { layout: layout.raw, bordered: false },
    () => layout.gradient,
  );
  const spread = emitInputGradient(context, stage, layout);
  const sink = emitSink(context, source, padded.layout, wiring);
  return perImageProducer(
    context,
    stage,
    (f, at) => {
      fillBorder(f, layout, scratchAt(at.base, layout.values));
      input.fetch(f, at);
      f.call(pool, borderOf(padded, input.address(at)), elementAddress(raw, at.image, rawBytes));
    },
    (f, at) => {
      if (!sink) return;
      const to = scratchAt(at.base, inputGradient);
      fillBorder(f, layout, scratchAt(at.base, layout.values));
      input.fetch(f, at);
      given.fetch(f, at);
      f.emit(memoryFill(to, i32.const(0), i32.const(padded.bytes)));
      f.call(spread, borderOf(padded, input.address(at)), given.address(at), to);
      f.call(sink, get(at.image), i32.add(to, i32.const(padded.inside)));
    },
  );
}

/** What lies outside of the image changes neither a sum nor a maximum. */
function fillBorder(f: FunctionBuilder, { of, padded }: PoolLayout, address: Code): void {
  if (!padded.bordered) return;
  if (of === 'average') {
    f.emit(memoryFill(address, i32.const(0), i32.const(padded.bytes)));
    return;
  }
  const [to, left] = f.locals('i32', 2);
  f.set(to, address);
  f.repeat(left, padded.bytes / VECTOR_BYTES, () => {
    f.emit(v128.store(get(to), f32x4.const(Number.NEGATIVE_INFINITY)));
    f.advance(to, VECTOR_BYTES);
  });
}
