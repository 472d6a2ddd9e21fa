import type { Arena } from '../../arena.js';
import { denseLayout, type PlanContext, type PlaneLayout } from '../../context.js';
import type { DepthwiseProducer, PlaneShape, Stage } from '../../graph/stage.js';
import { paddedChannels, VECTOR_BYTES, vectorsOf } from '../../machine.js';
import { inScratch, type ScratchPlane } from '../scratch-plane.js';
import { gradientPlane, type Window, windowedPlane } from '../window.js';

/** Where everything that a depthwise convolution works with lies. */
export interface DepthwiseLayout {
  readonly window: Window;
  readonly input: PlaneShape;
  readonly output: PlaneShape;
  readonly multiplier: number;
  /** Vectors of output channels, and the bytes of a pixel of them. */
  readonly vectors: number;
  readonly pixelBytes: number;
  /** Taps of the filter, row by row. */
  readonly taps: number;
  /** The input with its channels repeated as often as there are outputs of each. */
  readonly padded: ScratchPlane;
  /** The output's gradient. */
  readonly gradient: ScratchPlane;
  /** The input as it is, without a border. */
  readonly inputPlane: PlaneLayout;
  readonly inputBytes: number;
  readonly raw: PlaneLayout;
  /** The filter, `[tap][padded channel]`. */
  readonly filter: number;
  /** Sums of the filter's gradient in float64, a slab per chunk: `[tap][padded channel]`. */
  readonly slabs: { readonly address: number; readonly bytes: number };
}

export function layOutDepthwise(
  context: PlanContext,
  stage: Stage,
  { kernelSize: size, strides, padding, multiplier }: DepthwiseProducer,
  shared: Arena,
): DepthwiseLayout {
  const { arena } = context;
  const [{ shape: input }] = stage.inputs;
  const output = stage.raw;
  const window = { size, strides, padding };
  const vectors = vectorsOf(output.channels);
  const pixelBytes = vectors * VECTOR_BYTES;
  const inputPixel = paddedChannels(input.channels) * 4;
  const taps = size[0] * size[1];
  const slabBytes = taps * pixelBytes * 2;
  return {
    window,
    input,
    output,
    multiplier,
    vectors,
    pixelBytes,
    taps,
    padded: inScratch(context, shared, windowedPlane(window, input, output, pixelBytes)),
    gradient: inScratch(context, shared, gradientPlane(window, input, output, pixelBytes)),
    inputPlane: { pixelBytes: inputPixel, rowBytes: inputPixel * input.width },
    inputBytes: inputPixel * input.width * input.height,
    raw: denseLayout(stage, output),
    filter: arena.alloc(taps * pixelBytes),
    slabs: { address: arena.alloc(context.maxChunks * slabBytes), bytes: slabBytes },
  };
}
