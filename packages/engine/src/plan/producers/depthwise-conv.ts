import type { Code } from '../../wasm/encode.js';
import { f32, f32x4, get, i32, type Local, memoryFill, v128 } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type PlaneLayout,
  type ProducerCode,
} from '../context.js';
import { type DepthwiseProducer, paddedChannels, type Stage } from '../graph/stage.js';
import { forEachBlock, forEachPixel } from '../kernels/planes.js';
import { emitReduceRow, loadWeights } from '../kernels/weights.js';
import { emitAddWide, WIDE_BYTES } from '../kernels/wide-sums.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import { emitPerImage } from './per-image.js';

/**
 * A depthwise convolution: every channel filtered on its own, `multiplier` times. With a multiplier the input's
 * channels are first repeated, so that input and output channels stand side by side.
 */
export function emitDepthwiseConv(
  context: PlanContext,
  stage: Stage,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const { module, arena } = context;
  const { kernel: kernelRef, kernelSize, strides, padding, multiplier } = stage.producer as DepthwiseProducer;
  const [kernelHeight, kernelWidth] = kernelSize;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const { height, width, channels } = stage.raw;
  const vectors = paddedChannels(channels) / 4;
  const pixelBytes = vectors * 16;
  const columns = Math.max((width - 1) * strides[1] + kernelWidth, input.shape.width + padding[1]);
  const rows = Math.max((height - 1) * strides[0] + kernelHeight, input.shape.height + padding[0]);
  const plane: PlaneLayout = { pixelBytes, rowBytes: columns * pixelBytes };
  const planeBytes = rows * plane.rowBytes;
  const inside = padding[0] * plane.rowBytes + padding[1] * pixelBytes;
  const inputPixel = paddedChannels(input.shape.channels) * 4;
  const inputPlane = { pixelBytes: inputPixel, rowBytes: inputPixel * input.shape.width };
  const raw = denseLayout(stage, stage.raw);

  const shared = context.sharedScratch();
  const loaded = shared.alloc(input.shape.height * inputPlane.rowBytes);
  const padded = shared.alloc(planeBytes);
  const gradientPlane = shared.alloc(height * raw.rowBytes);
  const sinkPlane = shared.alloc(planeBytes);
  const kernel = context.weight(kernelRef);
  const taps = kernelHeight * kernelWidth;
  const weights = arena.alloc(taps * pixelBytes);
  /** Partial sums of the filter's gradient are float64. */
  const slabBytes = taps * pixelBytes * 2;
  const slabs = arena.alloc(context.maxChunks * slabBytes);
  const load = emitLoad(context, input, inputPlane);

  const prepare = module.function(`filters ${stage.name}`, ['i32'], [], (f, [tap]) => {
    for (let vector = 0; vector < vectors; vector++)
      f.emit(
        v128.store(
          elementAddress(weights, tap, pixelBytes),
          loadWeights(elementAddress(kernel.value, tap, channels * 4), vector * 16, channels - vector * 4),
          vector * 16,
        ),
      );
  });

  /** `(from, to)`: repeats an image's channels into the padded plane. */
  const repeatChannels = module.function(`repeat ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const pointers = [
      { local: from, ...inputPlane },
      { local: to, ...plane },
    ];
    forEachPixel(f, input.shape.height, input.shape.width, pointers, () => {
      if (multiplier === 1) {
        for (let vector = 0; vector < vectors; vector++)
          f.emit(v128.store(get(to), v128.load(get(from), vector * 16), vector * 16));
        return;
      }
      for (let channel = 0; channel < channels; channel++)
        f.emit(f32.store(get(to), f32.load(get(from), Math.floor(channel / multiplier) * 4), channel * 4));
    });
  });
  /** `(from, to)`: the sum over the repetitions of a channel. */
  const sumChannels = module.function(`unrepeat ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const pointers = [
      { local: from, ...plane },
      { local: to, ...inputPlane },
    ];
    forEachPixel(f, input.shape.height, input.shape.width, pointers, () => {
      for (let channel = 0; channel < input.shape.channels; channel++) {
        let sum: Code = f32.load(get(from), channel * multiplier * 4);
        for (let i = 1; i < multiplier; i++)
          sum = f32.add(sum, f32.load(get(from), (channel * multiplier + i) * 4));
        f.emit(f32.store(get(to), sum, channel * 4));
      }
    });
  });

  const at = (base: Local, offset: number) => i32.add(get(base), i32.const(offset));
  const tapOffset = (y: number, x: number) => y * plane.rowBytes + x * pixelBytes;
  const everyTap = Array.from({ length: taps }, (_, tap) => ({
    tap,
    offset: tapOffset(Math.floor(tap / kernelWidth), tap % kernelWidth),
  }));
  const outPointers = (window: Local, out: Local) => [
    { local: window, pixelBytes: strides[1] * pixelBytes, rowBytes: strides[0] * plane.rowBytes },
    { local: out, ...raw },
  ];

  const convolve = module.function(`convolve ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const sum = f.local('v128');
    forEachPixel(f, height, width, outPointers(from, to), () => {
      for (let vector = 0; vector < vectors; vector++) {
        f.set(sum, v128.zero());
        for (const { tap, offset } of everyTap)
          f.set(
            sum,
            f32x4.add(
              get(sum),
              f32x4.mul(
                v128.load(get(from), offset + vector * 16),
                v128.load(i32.const(0), weights + tap * pixelBytes + vector * 16),
              ),
            ),
          );
        f.emit(v128.store(get(to), get(sum), vector * 16));
      }
    });
  });
  /** `(plane, gradient, slab)`: adds an image's filter gradient. */
  const filterGradient = module.function(
    `filter gradient ${stage.name}`,
    ['i32', 'i32', 'i32'],
    [],
    (f, [source, gradient, slab]) => {
      const [window, out] = f.locals('i32', 2);
      const sum = f.local('v128');
      for (const { tap, offset } of everyTap)
        for (let vector = 0; vector < vectors; vector++) {
          f.set(window, get(source));
          f.set(out, get(gradient));
          f.set(sum, v128.zero());
          const visit = () =>
            f.set(
              sum,
              f32x4.add(
                get(sum),
                f32x4.mul(v128.load(get(window), offset + vector * 16), v128.load(get(out), vector * 16)),
              ),
            );
          forEachBlock(f, height, width, outPointers(window, out), visit, () => {
            emitAddWide(f, slab, (tap * vectors + vector) * WIDE_BYTES, sum);
            f.set(sum, v128.zero());
          });
        }
    },
  );
  /** `(gradient, plane)`: adds an image's input gradient to a padded plane. */
  const inputGradient = module.function(
    `input gradient ${stage.name}`,
    ['i32', 'i32'],
    [],
    (f, [gradient, to]) => {
      const d = f.local('v128');
      forEachPixel(f, height, width, outPointers(to, gradient), () => {
        for (let vector = 0; vector < vectors; vector++) {
          f.set(d, v128.load(get(gradient), vector * 16));
          for (const { tap, offset } of everyTap) {
            const weight = v128.load(i32.const(0), weights + tap * pixelBytes + vector * 16);
            const place = offset + vector * 16;
            f.emit(
              v128.store(get(to), f32x4.add(v128.load(get(to), place), f32x4.mul(get(d), weight)), place),
            );
          }
        }
      });
    },
  );

  const readInput = (f: Parameters<Parameters<typeof emitPerImage>[2]>[0], image: Local, base: Local) => {
    f.call(load, get(image), at(base, loaded));
    f.emit(memoryFill(at(base, padded), i32.const(0), i32.const(planeBytes)));
    f.call(repeatChannels, at(base, loaded), at(base, padded + inside));
  };
  const forward = emitPerImage(context, `forward ${stage.name}`, (f, { image, base }) => {
    readInput(f, image, base);
    f.call(convolve, at(base, padded), elementAddress(buffers.raw, image, buffers.rawBytes));
  });

  const rawGradient = emitRawGradient(context, stage, raw);
  const sink = emitSink(context, input, multiplier === 1 ? plane : inputPlane, wiring);
  const images = emitPerImage(context, `gradients ${stage.name}`, (f, { image, base, chunk }) => {
    readInput(f, image, base);
    f.call(rawGradient, get(image), at(base, gradientPlane));
    f.call(
      filterGradient,
      at(base, padded),
      at(base, gradientPlane),
      elementAddress(slabs, chunk, slabBytes),
    );
    if (!sink) return;
    f.emit(memoryFill(at(base, sinkPlane), i32.const(0), i32.const(planeBytes)));
    f.call(inputGradient, at(base, gradientPlane), at(base, sinkPlane));
    if (multiplier === 1) f.call(sink, get(image), at(base, sinkPlane + inside));
    else {
      f.call(sumChannels, at(base, sinkPlane + inside), at(base, loaded));
      f.call(sink, get(image), at(base, loaded));
    }
  });
  const backward = module.function(`backward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    f.emit(memoryFill(elementAddress(slabs, chunk, slabBytes), i32.const(0), i32.const(slabBytes)));
    f.call(images, get(base), get(chunk));
  });
  const reduce = module.function(`reduce ${stage.name}`, ['i32'], [], (f, [tap]) => {
    const [from, to] = f.locals('i32', 2);
    f.set(from, elementAddress(slabs, tap, pixelBytes * 2));
    f.set(to, elementAddress(kernel.gradient, tap, channels * 4));
    emitReduceRow(f, { from, to, channels, slabBytes, wide: true });
  });
  return {
    prepare: { items: taps, run: prepare },
    forward,
    backward,
    reduce: kernelRef.trainable ? { items: taps, run: reduce } : undefined,
  };
}
