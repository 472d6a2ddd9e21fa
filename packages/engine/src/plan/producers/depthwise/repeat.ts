import type { Code } from '../../../wasm/encode.js';
import type { FunctionRef } from '../../../wasm/function-builder.js';
import { f32, get } from '../../../wasm/ops.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { forEachPixel } from '../../kernels/planes.js';
import type { DepthwiseLayout } from './layout.js';

/** `(input, padded input)`: repeats every channel of an image as often as it has outputs. */
export function emitRepeat(context: PlanContext, stage: Stage, layout: DepthwiseLayout): FunctionRef {
  const { input, output, multiplier, inputPlane, padded } = layout;
  return context.module.function(`repeat ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const pointers = [
      { local: from, ...inputPlane },
      { local: to, ...padded.layout },
    ];
    forEachPixel(f, input.height, input.width, pointers, () => {
      for (let channel = 0; channel < output.channels; channel++)
        f.emit(f32.store(get(to), f32.load(get(from), Math.floor(channel / multiplier) * 4), channel * 4));
    });
  });
}

/** `(repeated, sums)`: the sums over the repetitions of a channel, of planes without a border. */
export function emitSumRepeated(context: PlanContext, stage: Stage, layout: DepthwiseLayout): FunctionRef {
  const { input, multiplier, inputPlane, pixelBytes } = layout;
  return context.module.function(`sum repeated ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const pointers = [
      { local: from, pixelBytes, rowBytes: pixelBytes * input.width },
      { local: to, ...inputPlane },
    ];
    forEachPixel(f, input.height, input.width, pointers, () => {
      for (let channel = 0; channel < inputPlane.pixelBytes / 4; channel++) {
        const values = Array.from({ length: channel < input.channels ? multiplier : 0 }, (_, i) =>
          f32.load(get(from), (channel * multiplier + i) * 4),
        );
        const sum = values.reduce(
          (total: Code | undefined, value) => (total ? f32.add(total, value) : value),
          undefined,
        );
        f.emit(f32.store(get(to), sum ?? f32.const(0), channel * 4));
      }
    });
  });
}
