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
import { emitCopyChannels } from '../kernels/copy-channels.js';
import { forEachPixel } from '../kernels/planes.js';
import { paddedChannels, VECTOR_BYTES } from '../machine.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import { perImageProducer } from './per-image.js';

/** Layout in which merges read an input: whole vectors of channels, the network's input included. */
const vectorLayout = (input: Stage) => {
  const pixelBytes = paddedChannels(input.shape.channels) * 4;
  return { pixelBytes, rowBytes: pixelBytes * input.shape.width };
};

/** The sum of its inputs, from the first to the last. */
export function emitAdd(context: PlanContext, stage: Stage, wiring: readonly InputWiring[]): ProducerCode {
  const { module } = context;
  const { raw: rawStart, rawBytes } = context.buffers[stage.index];
  const layout = denseLayout(stage, stage.raw);
  const plane = context.sharedScratch().alloc(rawBytes);
  const loads = stage.inputs.map((input) => emitLoad(context, input, layout));
  const sum = module.function(`sum ${stage.name}`, ['i32', 'i32'], [], (f, [to, from]) => {
    emitCombine(f, context.machine, rawBytes / VECTOR_BYTES, to, from, f32x4.add);
  });
  const rawGradient = emitRawGradient(context, stage, layout);
  const sinks = stage.inputs.map((input, i) => emitSink(context, input, layout, wiring[i]));
  return perImageProducer(
    context,
    stage,
    (f, { image, base }) => {
      const target = elementAddress(rawStart, image, rawBytes);
      const at = i32.add(get(base), i32.const(plane));
      for (const [i, load] of loads.entries()) {
        f.call(load, get(image), i === 0 ? target : at);
        if (i > 0) f.call(sum, target, at);
      }
    },
    (f, { image, base }) => {
      const at = i32.add(get(base), i32.const(plane));
      f.call(rawGradient, get(image), at);
      for (const sink of sinks) if (sink) f.call(sink, get(image), at);
    },
  );
}

/** The channels of its inputs one after the other. */
export function emitConcatenate(
  context: PlanContext,
  stage: Stage,
  wiring: readonly InputWiring[],
): ProducerCode {
  const { module } = context;
  const { height, width } = stage.raw;
  const buffers = context.buffers[stage.index];
  const joined = denseLayout(stage, stage.raw);
  const shared = context.sharedScratch();
  const gradient = shared.alloc(height * joined.rowBytes);
  const plane = shared.alloc(Math.max(...stage.inputs.map((input) => height * vectorLayout(input).rowBytes)));
  let channel = 0;
  const parts = stage.inputs.map((input, i) => {
    const layout = vectorLayout(input);
    const { channels } = input.shape;
    const offset = channel * 4;
    channel += channels;
    /** `(from, to)`: an input's pixels into their place, or back. */
    const copy = (name: string, join: boolean) =>
      module.function(`${name} ${stage.name} ${i}`, ['i32', 'i32'], [], (f, [from, to]) => {
        const counter = f.local('i32');
        const pointers = [
          { local: from, ...(join ? layout : joined) },
          { local: to, ...(join ? joined : layout) },
        ];
        forEachPixel(f, height, width, pointers, () =>
          emitCopyChannels(f, from, to, channels, {
            counter,
            fromOffset: join ? 0 : offset,
            toOffset: join ? offset : 0,
            pad: !join || i === stage.inputs.length - 1,
          }),
        );
      });
    return {
      load: emitLoad(context, input, layout),
      join: copy('join', true),
      split: copy('split', false),
      sink: emitSink(context, input, layout, wiring[i]),
    };
  });
  const rawGradient = emitRawGradient(context, stage, joined);
  return perImageProducer(
    context,
    stage,
    (f, { image, base }) => {
      const at = i32.add(get(base), i32.const(plane));
      for (const { load, join } of parts) {
        f.call(load, get(image), at);
        f.call(join, at, elementAddress(buffers.raw, image, buffers.rawBytes));
      }
    },
    (f, { image, base }) => {
      const at = (offset: number) => i32.add(get(base), i32.const(offset));
      f.call(rawGradient, get(image), at(gradient));
      for (const { split, sink } of parts) {
        if (!sink) continue;
        f.call(split, at(gradient), at(plane));
        f.call(sink, get(image), at(plane));
      }
    },
  );
}
