import { get, i32 } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type ProducerCode,
} from '../context.js';
import type { Stage } from '../graph/stage.js';
import { emitCopyChannels } from '../kernels/copy-channels.js';
import { forEachPixel } from '../kernels/planes.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import { perImageProducer } from './per-image.js';

/** Lays a plane's pixels one after the other without padded channels. */
export function emitFlatten(
  context: PlanContext,
  stage: Stage,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const { module } = context;
  const [input] = stage.inputs;
  const { height, width, channels } = input.shape;
  const buffers = context.buffers[stage.index];
  const plane = denseLayout(input, input.shape);
  const flat = { pixelBytes: channels * 4, rowBytes: width * channels * 4 };
  const shared = context.sharedScratch();
  const loaded = shared.alloc(height * plane.rowBytes);
  const gradient = shared.alloc(buffers.rawBytes);
  const load = emitLoad(context, input, plane);

  /** `(from, to)`: one image, between the padded plane and the flat vector. */
  const copy = (name: string, source: typeof flat, target: typeof flat, pad: boolean) =>
    module.function(`${name} ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
      const counter = f.local('i32');
      const pointers = [
        { local: from, ...source },
        { local: to, ...target },
      ];
      forEachPixel(f, height, width, pointers, () =>
        emitCopyChannels(f, from, to, channels, { counter, pad }),
      );
    });
  const flattenImage = copy('flatten', plane, flat, false);
  const unflattenImage = copy('unflatten', flat, plane, plane.pixelBytes !== flat.pixelBytes);
  const vectorLayout = denseLayout(stage, stage.raw);
  const rawGradient = emitRawGradient(context, stage, vectorLayout);
  const sink = emitSink(context, input, plane, wiring);
  return perImageProducer(
    context,
    stage,
    (f, { image, base }) => {
      const at = i32.add(get(base), i32.const(loaded));
      f.call(load, get(image), at);
      f.call(flattenImage, at, elementAddress(buffers.raw, image, buffers.rawBytes));
    },
    (f, { image, base }) => {
      if (!sink) return;
      const at = (offset: number) => i32.add(get(base), i32.const(offset));
      f.call(rawGradient, get(image), at(gradient));
      f.call(unflattenImage, at(gradient), at(loaded));
      f.call(sink, get(image), at(loaded));
    },
  );
}
