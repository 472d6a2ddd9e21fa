import { get, i32 } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type ProducerCode,
} from '../context.js';
import type { Stage } from '../graph/stage.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import { perImageProducer } from './per-image.js';

/** Copies its input, so that another chain of batch norm, activation, dropout and pooling can follow. */
export function emitIdentity(
  context: PlanContext,
  stage: Stage,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const raw = denseLayout(stage, stage.raw);
  const gradientPlane = context.sharedScratch().alloc(stage.raw.height * raw.rowBytes);
  const load = emitLoad(context, input, raw);
  const rawGradient = emitRawGradient(context, stage, raw);
  const sink = emitSink(context, input, raw, wiring);
  return perImageProducer(
    context,
    stage,
    (f, { image }) => f.call(load, get(image), elementAddress(buffers.raw, image, buffers.rawBytes)),
    (f, { image, base }) => {
      if (!sink) return;
      const plane = i32.add(get(base), i32.const(gradientPlane));
      f.call(rawGradient, get(image), plane);
      f.call(sink, get(image), plane);
    },
  );
}
