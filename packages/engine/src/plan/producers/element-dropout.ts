import { f32x4, get, i32 } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type ProducerCode,
} from '../context.js';
import type { Stage } from '../graph/stage.js';
import { emitCombine } from '../kernels/combine.js';
import { VECTOR_BYTES } from '../machine.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import { perImageProducer } from './per-image.js';

/** Multiplies every value by a dropout factor of its own. */
export function emitElementDropout(
  context: PlanContext,
  stage: Stage,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const { module } = context;
  const [input] = stage.inputs;
  const { raw: rawStart, rawBytes, mask } = context.buffers[stage.index];
  const raw = denseLayout(stage, stage.raw);
  const gradientPlane = context.sharedScratch().alloc(rawBytes);
  const load = emitLoad(context, input, raw);

  /** `(values, factors)`: multiplies an image in place. */
  const apply = module.function(`mask ${stage.name}`, ['i32', 'i32'], [], (f, [values, factors]) => {
    emitCombine(f, context.machine, rawBytes / VECTOR_BYTES, values, factors, f32x4.mul);
  });
  const rawGradient = emitRawGradient(context, stage, raw);
  const sink = emitSink(context, input, raw, wiring);
  return perImageProducer(
    context,
    stage,
    (f, { image }) => {
      f.call(load, get(image), elementAddress(rawStart, image, rawBytes));
      f.call(apply, elementAddress(rawStart, image, rawBytes), elementAddress(mask, image, rawBytes));
    },
    (f, { image, base }) => {
      if (!sink) return;
      const plane = i32.add(get(base), i32.const(gradientPlane));
      f.call(rawGradient, get(image), plane);
      f.call(apply, plane, elementAddress(mask, image, rawBytes));
      f.call(sink, get(image), plane);
    },
  );
}
