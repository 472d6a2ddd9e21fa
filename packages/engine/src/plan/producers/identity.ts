import type { FunctionRef } from '../../wasm/function-builder.js';
import { get, i32 } from '../../wasm/ops.js';
import { chunkImages, denseLayout, elementAddress, type PlanContext, type ProducerCode } from '../context.js';
import { needsGradient, type Stage } from '../graph/stage.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';

/** Copies its input, so that another chain of batch norm, activation, dropout and pooling can follow. */
export function emitIdentity(
  context: PlanContext,
  stage: Stage,
  accumulateInput: boolean,
  afterSink: FunctionRef | undefined,
): ProducerCode {
  const { module } = context;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const raw = denseLayout(stage, stage.raw);
  const gradientPlane = context.sharedScratch().alloc(stage.raw.height * raw.rowBytes);
  const load = emitLoad(context, input, raw);
  const forward = module.function(`forward ${stage.name}`, ['i32', 'i32'], [], (f, [, chunk]) => {
    const { first: image, end } = chunkImages(f, chunk);
    f.while(i32.ltS(get(image), get(end)), () => {
      f.call(load, get(image), elementAddress(buffers.raw, image, buffers.rawBytes));
      f.advance(image, 1);
    });
  });
  if (!needsGradient(input)) return { forward };

  const rawGradient = emitRawGradient(context, stage, raw);
  const sink = emitSink(context, input, raw, accumulateInput);
  const backward = module.function(`backward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first: image, end } = chunkImages(f, chunk);
    const plane = i32.add(get(base), i32.const(gradientPlane));
    f.while(i32.ltS(get(image), get(end)), () => {
      f.call(rawGradient, get(image), plane);
      f.call(sink, get(image), plane);
      if (afterSink) f.call(afterSink, get(image));
      f.advance(image, 1);
    });
  });
  return { forward, backward };
}
