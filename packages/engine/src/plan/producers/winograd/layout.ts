import { type PlanContext, type PlaneLayout, pixelBytesOf } from '../../context.js';
import type { ConvProducer, PlaneShape, Stage } from '../../graph/stage.js';
import { paddedChannels, paddedRows, VECTOR_BYTES } from '../../machine.js';
import { FREQUENCIES, TILE_OUT } from './transforms.js';

/** Tiles that are multiplied at once: enough rows for the kernels, few enough for the second-level cache. */
const TILES_AT_ONCE = 64;

/** The grid of tiles over one image's output. */
export interface TileGrid {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
}

/** How a tile's values lie in the frequency domain: `[frequency][tile][channel]`. */
export interface FrequencyLayout {
  readonly tileBytes: number;
  readonly frequencyBytes: number;
}

/** One side of the convolution, its input or its output. */
export interface Side {
  /** Channels that exist, and with the padding to whole vectors. */
  readonly channels: number;
  readonly padded: number;
  /** The plane in scratch memory whose tiles are transformed. */
  readonly plane: PlaneLayout;
  readonly frequencies: FrequencyLayout;
  /** Scratch offset of the transformed tiles. */
  readonly values: number;
}

/** Where everything that a Winograd convolution works with lies. */
export interface WinogradLayout {
  readonly grid: TileGrid;
  readonly imagesAtOnce: number;
  readonly input: Side;
  readonly output: Side;
  /** Bytes from the start of the padded input plane to the image's first pixel. */
  readonly inside: number;
  readonly inputPlaneBytes: number;
  /** Scratch offsets. */
  readonly paddedInput: number;
  readonly paddedGradient: number;
  readonly inputGradient: number;
  readonly square: number;
  /** Sums of the filter's gradient, a matrix per frequency with spare rows for whole register blocks. */
  readonly filterSums: { readonly offset: number; readonly frequencyBytes: number };
  /** Transformed filters, `[frequency][in][out]` and `[frequency][out][in]`. */
  readonly filters: {
    readonly address: number;
    readonly transposed: number;
    readonly frequencyBytes: number;
  };
  /** Gradients of the filter itself, a slab per chunk: `[tap][in][out]`. */
  readonly slabs: { readonly address: number; readonly bytes: number };
}

export function tileGrid(output: PlaneShape): TileGrid {
  const rows = Math.ceil(output.height / TILE_OUT);
  const columns = Math.ceil(output.width / TILE_OUT);
  return { rows, columns, count: rows * columns };
}

export function layOutWinograd(context: PlanContext, stage: Stage): WinogradLayout {
  const { arena, scratch } = context;
  const { padding } = stage.producer as ConvProducer;
  const [source] = stage.inputs;
  const grid = tileGrid(stage.raw);
  const imagesAtOnce = Math.max(1, Math.min(8, Math.floor(TILES_AT_ONCE / grid.count)));
  const tiles = paddedRows(imagesAtOnce * grid.count);
  const shared = context.sharedScratch();
  const square = shared.alloc(FREQUENCIES * VECTOR_BYTES * context.machine.atOnce ** 2);

  const side = (channels: number, plane: PlaneLayout): Side => {
    const padded = paddedChannels(channels);
    const frequencies = {
      tileBytes: padded * 4,
      // An odd number of cache lines, so that a tile's 36 values do not fall into a few sets of the cache.
      frequencyBytes: (Math.ceil((tiles * padded) / 16) | 1) * 64,
    };
    const values = shared.alloc(FREQUENCIES * frequencies.frequencyBytes);
    return { channels, padded, plane, frequencies, values };
  };
  const inPixel = pixelBytesOf(source);
  const outPixel = paddedChannels(stage.raw.channels) * 4;
  const input = side(source.shape.channels, {
    pixelBytes: inPixel,
    rowBytes: (grid.columns * TILE_OUT + 2) * inPixel,
  });
  const output = side(stage.raw.channels, {
    pixelBytes: outPixel,
    rowBytes: grid.columns * TILE_OUT * outPixel,
  });
  const inputPlaneBytes = (grid.rows * TILE_OUT + 2) * input.plane.rowBytes;
  const filterBytes = input.padded * output.padded * 4;
  const filterSumBytes = paddedRows(input.padded) * output.padded * 4;
  return {
    grid,
    imagesAtOnce,
    input,
    output,
    inside: padding[0] * input.plane.rowBytes + padding[1] * input.plane.pixelBytes,
    inputPlaneBytes,
    // Planes whose border stays zero are a stage's own; the rest is free for the next stage's use.
    paddedInput: scratch.alloc(inputPlaneBytes),
    paddedGradient: scratch.alloc(grid.rows * TILE_OUT * output.plane.rowBytes),
    inputGradient: shared.alloc(inputPlaneBytes),
    square,
    filterSums: { offset: shared.alloc(FREQUENCIES * filterSumBytes), frequencyBytes: filterSumBytes },
    filters: {
      address: arena.alloc(FREQUENCIES * filterBytes),
      transposed: arena.alloc(FREQUENCIES * filterBytes),
      frequencyBytes: filterBytes,
    },
    slabs: { address: arena.alloc(context.maxChunks * 9 * filterBytes), bytes: 9 * filterBytes },
  };
}
