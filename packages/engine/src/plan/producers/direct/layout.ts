import type { Arena } from '../../arena.js';
import { denseLayout, type PlanContext, type PlaneLayout, pixelBytesOf } from '../../context.js';
import { type ConvProducer, needsGradient, type PlaneShape, type Stage } from '../../graph/stage.js';
import { paddedChannels } from '../../machine.js';
import { inScratch, type ScratchPlane } from '../scratch-plane.js';
import { barePlane, gradientPlane, type Window, windowedPlane } from '../window.js';

/** Where everything that a direct convolution works with lies. */
export interface DirectLayout {
  readonly window: Window;
  readonly input: PlaneShape;
  readonly output: PlaneShape;
  /** Output channels with the padding to whole vectors. */
  readonly outChannels: number;
  readonly padded: ScratchPlane;
  /** The output's gradient, with a border where the input's gradient is gathered from it. */
  readonly gradient: ScratchPlane;
  readonly raw: PlaneLayout;
  /** `[row][column][in][padded out]`. */
  readonly filters: number;
  /** `[last row .. first][last column .. first][out][padded in]`, where the input has a gradient. */
  readonly filtersBack: { readonly address: number; readonly inChannels: number } | undefined;
  /** Sums of the filters' gradient in float64, a slab per chunk, laid out as the filters. */
  readonly slabs: { readonly address: number; readonly bytes: number };
}

export function layOutDirect(
  context: PlanContext,
  stage: Stage,
  { kernelSize: size, strides, padding }: ConvProducer,
  shared: Arena,
): DirectLayout {
  const { arena } = context;
  const [source] = stage.inputs;
  const { shape: input } = source;
  const { raw: output } = stage;
  const window = { size, strides, padding };
  const outChannels = paddedChannels(output.channels);
  const inChannels = paddedChannels(input.channels);
  const taps = size[0] * size[1];
  const filterBytes = taps * input.channels * outChannels * 4;
  const backwards = needsGradient(source);
  const outPixel = outChannels * 4;
  return {
    window,
    input,
    output,
    outChannels,
    padded: inScratch(context, shared, windowedPlane(window, input, output, pixelBytesOf(source))),
    gradient: inScratch(
      context,
      shared,
      backwards ? gradientPlane(window, input, output, outPixel) : barePlane(output, outPixel),
    ),
    raw: denseLayout(stage, output),
    filters: arena.alloc(filterBytes),
    filtersBack: backwards
      ? { address: arena.alloc(taps * output.channels * inChannels * 4), inChannels }
      : undefined,
    slabs: { address: arena.alloc(context.maxChunks * filterBytes * 2), bytes: filterBytes * 2 },
  };
}
