import { get, i32, memoryFill, v128 } from '../../wasm/ops.js';
import {
  chunkImages,
  control,
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type PlaneLayout,
  type ProducerCode,
  pixelBytesOf,
} from '../context.js';
import { type ConvProducer, paddedChannels, type Stage } from '../graph/stage.js';
import { emitGemm, paddedRows } from '../kernels/gemm.js';
import { emitChunkSum, loadWeights, storeLanes } from '../kernels/weights.js';
import { FREQUENCIES, TILE_IN, TILE_OUT, WinogradTransforms } from '../kernels/winograd.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import {
  emitGradientTiles,
  emitInputTiles,
  emitOutputTiles,
  emitOverlapAdd,
  type FrequencyLayout,
  tileGrid,
} from './winograd-tiles.js';

/** Tiles that are multiplied at once: enough rows for the kernels, few enough for the second-level cache. */
const TILES_AT_ONCE = 64;

/** Whether Winograd's algorithm serves: 3 x 3, stride 1, whole vectors of input channels. */
export function isWinograd(stage: Stage): boolean {
  const { producer, inputs } = stage;
  return (
    producer.kind === 'conv' &&
    String(producer.kernelSize) === '3,3' &&
    String(producer.strides) === '1,1' &&
    inputs[0].producer.kind !== 'input'
  );
}

/**
 * A 3 x 3 convolution by Winograd's F(4x4, 3x3).
 *
 * Forward: `Y = A^T [(G g G^T) . (B^T x B)] A` per tile, the product a matrix product over channels at each of
 * the 36 frequencies. Backward is its adjoint: with `D = A dY A^T`, the filter's gradient is
 * `G^T [V^T D] G` and the input's is the overlapped sum of `B [D U^T] B^T`, so one transform of the gradient
 * serves both.
 */
export function emitWinogradConv(
  context: PlanContext,
  stage: Stage,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const { module, arena, scratch } = context;
  const producer = stage.producer as ConvProducer;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const inChannels = paddedChannels(input.shape.channels);
  const outChannels = paddedChannels(stage.raw.channels);
  const grid = tileGrid(stage.raw);
  const imagesAtOnce = Math.max(1, Math.min(8, Math.floor(TILES_AT_ONCE / grid.count)));
  const tiles = paddedRows(imagesAtOnce * grid.count);

  const frequencyLayout = (channels: number): FrequencyLayout => ({
    tileBytes: channels * 4,
    // An odd number of cache lines, so that a tile's 36 values do not fall into a few sets of the cache.
    frequencyBytes: (Math.ceil((tiles * channels) / 16) | 1) * 64,
  });
  const inFrequencies = frequencyLayout(inChannels);
  const outFrequencies = frequencyLayout(outChannels);
  const inPixel = pixelBytesOf(input);
  const inPlane: PlaneLayout = {
    pixelBytes: inPixel,
    rowBytes: (grid.columns * TILE_OUT + 2) * inPixel,
  };
  const inPlaneBytes = (grid.rows * TILE_OUT + 2) * inPlane.rowBytes;
  const inside = producer.padding[0] * inPlane.rowBytes + producer.padding[1] * inPlane.pixelBytes;
  const outPlane: PlaneLayout = {
    pixelBytes: outChannels * 4,
    rowBytes: grid.columns * TILE_OUT * outChannels * 4,
  };

  // Planes whose border stays zero are a stage's own; the rest is free for the next stage's use.
  const paddedInput = scratch.alloc(inPlaneBytes);
  const paddedGradient = scratch.alloc(grid.rows * TILE_OUT * outPlane.rowBytes);
  const shared = context.sharedScratch();
  const square = shared.alloc(FREQUENCIES * 16);
  const inputValues = shared.alloc(FREQUENCIES * inFrequencies.frequencyBytes);
  const outputValues = shared.alloc(FREQUENCIES * outFrequencies.frequencyBytes);
  const inputGradient = shared.alloc(inPlaneBytes);
  // Register blocks may run over the last row of a frequency's matrix, so there are spare rows.
  const filterSumBytes = paddedRows(inChannels) * outChannels * 4;
  const filterSums = shared.alloc(FREQUENCIES * filterSumBytes);

  /** Transformed filters, `[frequency][in][out]` and `[frequency][out][in]`. */
  const filterBytes = inChannels * outChannels * 4;
  const filters = arena.alloc(FREQUENCIES * filterBytes);
  const transposedFilters = arena.alloc(FREQUENCIES * filterBytes);
  /** Gradients of the untransformed filter, a slab per chunk: `[tap][in][out]`. */
  const slabBytes = 9 * filterBytes;
  const slabs = arena.alloc(context.maxChunks * slabBytes);

  const realIn = input.shape.channels;
  const realOut = stage.raw.channels;
  const kernel = context.weight(producer.kernel);

  const prepare = module.function(`filters ${stage.name}`, ['i32'], [], (f, [channel]) => {
    const transforms = new WinogradTransforms(f, [1 / 4, 1 / 6, -1 / 6, 1 / 24, 2, 4]);
    const g = f.locals('v128', 3);
    const half = f.locals('v128', TILE_IN * 3);
    const u = f.local('v128');
    transforms.setup();
    for (let vector = 0; vector < outChannels / 4; vector++) {
      const valid = realOut - vector * 4;
      for (let column = 0; column < 3; column++) {
        for (let row = 0; row < 3; row++)
          f.set(
            g[row],
            loadWeights(
              elementAddress(kernel.value, channel, realOut * 4),
              ((row * 3 + column) * realIn * realOut + vector * 4) * 4,
              valid,
            ),
          );
        for (const [row, value] of transforms.filter(g).entries()) f.set(half[row * 3 + column], value);
      }
      for (let row = 0; row < TILE_IN; row++)
        for (const [column, value] of transforms.filter(half.slice(row * 3, row * 3 + 3)).entries()) {
          const frequency = row * TILE_IN + column;
          f.set(u, value);
          f.emit(
            v128.store(
              elementAddress(filters, channel, outChannels * 4),
              get(u),
              frequency * filterBytes + vector * 16,
            ),
          );
          for (let lane = 0; lane < 4; lane++)
            f.emit(
              v128.store32Lane(
                elementAddress(transposedFilters, channel, 4),
                get(u),
                lane,
                frequency * filterBytes + (vector * 4 + lane) * inChannels * 4,
              ),
            );
        }
    }
  });

  const tileFunction = { context, grid, square };
  const inputTiles = emitInputTiles({
    ...tileFunction,
    name: `input tiles ${stage.name}`,
    vectors: inChannels / 4,
    plane: inPlane,
    frequencies: inFrequencies,
  });
  const outputTiles = emitOutputTiles({
    ...tileFunction,
    name: `output tiles ${stage.name}`,
    vectors: outChannels / 4,
    plane: denseLayout(stage, stage.raw),
    frequencies: outFrequencies,
    output: stage.raw,
  });
  const load = emitLoad(context, input, inPlane);

  /** `(a, b, c, rows)`: the matrix products of all frequencies. */
  const multiply = (
    name: string,
    a: { layout: FrequencyLayout },
    b: { rowBytes: number; frequencyBytes: number },
    c: { layout: FrequencyLayout },
    k: number,
    vectors: number,
  ) =>
    module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f, [pa, pb, pc, rows]) => {
      const frequency = f.local('i32');
      f.repeat(frequency, FREQUENCIES, () => {
        emitGemm(
          f,
          { aRow: a.layout.tileBytes, aK: 4, bK: b.rowBytes, cRow: c.layout.tileBytes },
          vectors,
          { a: pa, b: pb, c: pc, k: i32.const(k), rows: get(rows) },
          false,
        );
        f.advance(pa, a.layout.frequencyBytes);
        f.advance(pb, b.frequencyBytes);
        f.advance(pc, c.layout.frequencyBytes);
      });
    });
  const multiplyForward = multiply(
    `multiply ${stage.name}`,
    { layout: inFrequencies },
    { rowBytes: outChannels * 4, frequencyBytes: filterBytes },
    { layout: outFrequencies },
    realIn,
    outChannels / 4,
  );

  /** Runs `body` for groups of images; `group` and `count` say which. */
  const forward = module.function(`forward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first, end } = chunkImages(f, chunk);
    const [image, last, count] = f.locals('i32', 3);
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    const tile = (values: number, layout: FrequencyLayout) =>
      i32.add(at(values), i32.mul(i32.sub(get(image), get(first)), i32.const(grid.count * layout.tileBytes)));
    f.while(i32.ltS(get(first), get(end)), () => {
      f.set(last, i32.add(get(first), i32.const(imagesAtOnce)));
      f.if(i32.gtS(get(last), get(end)), () => f.set(last, get(end)));
      f.set(count, i32.mul(i32.sub(get(last), get(first)), i32.const(grid.count)));
      f.forRange(image, get(first), get(last), 1, () => {
        f.call(load, get(image), at(paddedInput + inside));
        f.call(inputTiles, get(base), at(paddedInput), tile(inputValues, inFrequencies));
      });
      f.call(multiplyForward, at(inputValues), i32.const(filters), at(outputValues), get(count));
      f.forRange(image, get(first), get(last), 1, () =>
        f.call(
          outputTiles,
          get(base),
          elementAddress(buffers.raw, image, buffers.rawBytes),
          tile(outputValues, outFrequencies),
        ),
      );
      f.set(first, get(last));
    });
  });

  const gradientTiles = emitGradientTiles({
    ...tileFunction,
    name: `gradient tiles ${stage.name}`,
    vectors: outChannels / 4,
    plane: outPlane,
    frequencies: outFrequencies,
  });
  const rawGradient = emitRawGradient(context, stage, outPlane);
  const multiplyBack = multiply(
    `multiply back ${stage.name}`,
    { layout: outFrequencies },
    { rowBytes: inChannels * 4, frequencyBytes: filterBytes },
    { layout: inFrequencies },
    realOut,
    inChannels / 4,
  );
  const overlapAdd = emitOverlapAdd({
    ...tileFunction,
    name: `overlap ${stage.name}`,
    vectors: inChannels / 4,
    plane: inPlane,
    frequencies: inFrequencies,
  });

  /** `(base, tiles)`: adds `V^T D` to the filter's gradient at every frequency. */
  const multiplyFilter = module.function(
    `multiply filter ${stage.name}`,
    ['i32', 'i32'],
    [],
    (f, [base, count]) => {
      const [a, b, c, frequency] = f.locals('i32', 4);
      f.set(a, i32.add(get(base), i32.const(inputValues)));
      f.set(b, i32.add(get(base), i32.const(outputValues)));
      f.set(c, i32.add(get(base), i32.const(filterSums)));
      f.repeat(frequency, FREQUENCIES, () => {
        emitGemm(
          f,
          {
            aRow: 4,
            aK: inFrequencies.tileBytes,
            bK: outFrequencies.tileBytes,
            cRow: outChannels * 4,
          },
          outChannels / 4,
          { a, b, c, k: get(count), rows: i32.const(inChannels) },
          true,
        );
        f.advance(a, inFrequencies.frequencyBytes);
        f.advance(b, outFrequencies.frequencyBytes);
        f.advance(c, filterSumBytes);
      });
    },
  );
  /** `(base, slab)`: the filter's gradient of a chunk, transformed back. */
  const finishFilter = module.function(
    `finish filter ${stage.name}`,
    ['i32', 'i32'],
    [],
    (f, [base, slab]) => {
      const transforms = new WinogradTransforms(f, [1 / 4, 1 / 6, 1 / 12, 1 / 24]);
      const u = f.locals('v128', TILE_IN);
      const half = f.locals('v128', 3 * TILE_IN);
      const [from, to, left] = f.locals('i32', 3);
      transforms.setup();
      f.set(from, i32.add(get(base), i32.const(filterSums)));
      f.set(to, get(slab));
      f.repeat(left, filterBytes / 16, () => {
        for (let column = 0; column < TILE_IN; column++) {
          for (let row = 0; row < TILE_IN; row++)
            f.set(u[row], v128.load(get(from), (row * TILE_IN + column) * filterSumBytes));
          for (const [row, value] of transforms.filterTransposed(u).entries())
            f.set(half[row * TILE_IN + column], value);
        }
        for (let row = 0; row < 3; row++)
          for (const [column, value] of transforms
            .filterTransposed(half.slice(row * TILE_IN, (row + 1) * TILE_IN))
            .entries())
            f.emit(v128.store(get(to), value, (row * 3 + column) * filterBytes));
        f.advance(from, 16);
        f.advance(to, 16);
      });
    },
  );

  const sink = emitSink(context, input, inPlane, wiring);
  const backward = module.function(`backward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first, end } = chunkImages(f, chunk);
    const [image, last, count] = f.locals('i32', 3);
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    const tile = (values: number, layout: FrequencyLayout) =>
      i32.add(at(values), i32.mul(i32.sub(get(image), get(first)), i32.const(grid.count * layout.tileBytes)));
    f.emit(memoryFill(at(filterSums), i32.const(0), i32.const(FREQUENCIES * filterSumBytes)));
    f.while(i32.ltS(get(first), get(end)), () => {
      f.set(last, i32.add(get(first), i32.const(imagesAtOnce)));
      f.if(i32.gtS(get(last), get(end)), () => f.set(last, get(end)));
      f.set(count, i32.mul(i32.sub(get(last), get(first)), i32.const(grid.count)));
      f.forRange(image, get(first), get(last), 1, () => {
        f.call(load, get(image), at(paddedInput + inside));
        f.call(inputTiles, get(base), at(paddedInput), tile(inputValues, inFrequencies));
        f.call(rawGradient, get(image), at(paddedGradient));
        f.call(gradientTiles, get(base), at(paddedGradient), tile(outputValues, outFrequencies));
      });
      f.call(multiplyFilter, get(base), get(count));
      if (sink) {
        f.call(multiplyBack, at(outputValues), i32.const(transposedFilters), at(inputValues), get(count));
        f.forRange(image, get(first), get(last), 1, () => {
          f.emit(memoryFill(at(inputGradient), i32.const(0), i32.const(inPlaneBytes)));
          f.call(overlapAdd, get(base), at(inputGradient), tile(inputValues, inFrequencies));
          f.call(sink, get(image), at(inputGradient + inside));
        });
      }
      f.set(first, get(last));
    });
    f.call(finishFilter, get(base), elementAddress(slabs, chunk, slabBytes));
  });

  const reduce = module.function(`reduce ${stage.name}`, ['i32'], [], (f, [channel]) => {
    const [at, left] = f.locals('i32', 2);
    const sum = f.local('v128');
    for (let tap = 0; tap < 9; tap++)
      for (let vector = 0; vector < outChannels / 4; vector++) {
        emitChunkSum(
          f,
          { sum, at, left },
          i32.add(
            elementAddress(slabs, channel, outChannels * 4),
            i32.const(tap * filterBytes + vector * 16),
          ),
          i32.load(i32.const(0), control.chunks),
          slabBytes,
        );
        storeLanes(
          f,
          elementAddress(kernel.gradient, channel, realOut * 4),
          get(sum),
          (tap * realIn * realOut + vector * 4) * 4,
          realOut - vector * 4,
        );
      }
  });

  return {
    prepare: { items: realIn, run: prepare },
    forward,
    backward,
    reduce: producer.kernel.trainable ? { items: realIn, run: reduce } : undefined,
  };
}
