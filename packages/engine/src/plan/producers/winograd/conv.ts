import type { Code } from '../../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../../wasm/function-builder.js';
import { get, i32, type Local, memoryFill } from '../../../wasm/ops.js';
import {
  chunkImages,
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type ProducerCode,
} from '../../context.js';
import type { ConvProducer, Stage } from '../../graph/stage.js';
import { emitGemm } from '../../kernels/gemm.js';
import { LANES } from '../../machine.js';
import { emitRawGradient, emitSink } from '../../post/backward.js';
import { emitLoad } from '../../post/load.js';
import { emitFilterGradient, emitFilterProducts, emitFilterReduce, emitFilterTransform } from './filters.js';
import { layOutWinograd, type Side, type WinogradLayout } from './layout.js';
import { emitGradientTiles, emitInputTiles, emitOutputTiles, emitOverlapAdd } from './tiles.js';
import { FREQUENCIES } from './transforms.js';

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
  const { module } = context;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const layout = layOutWinograd(context, stage);
  const { input: from, output: to, filters, slabs, filterSums } = layout;

  const load = emitLoad(context, input, from.plane);
  const inputTiles = emitInputTiles(context, stage, layout);
  const outputTiles = emitOutputTiles(context, stage, layout, denseLayout(stage, stage.raw));
  const multiply = emitProducts(context, `multiply ${stage.name}`, from, to, filters.frequencyBytes);
  const forward = module.function(`forward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    forEachGroup(f, layout, { base, chunk }, ({ tiles, forEachImage }) => {
      forEachImage((image, tilesOf) => {
        f.call(load, get(image), at(layout.paddedInput + layout.inside));
        f.call(inputTiles, get(base), at(layout.paddedInput), tilesOf(from));
      });
      f.call(multiply, at(from.values), i32.const(filters.address), at(to.values), get(tiles));
      forEachImage((image, tilesOf) =>
        f.call(outputTiles, get(base), elementAddress(buffers.raw, image, buffers.rawBytes), tilesOf(to)),
      );
    });
  });

  const rawGradient = emitRawGradient(context, stage, to.plane);
  const gradientTiles = emitGradientTiles(context, stage, layout);
  const filterProducts = emitFilterProducts(context, stage, layout);
  const filterGradient = emitFilterGradient(context, stage, layout);
  const multiplyBack = emitProducts(context, `multiply back ${stage.name}`, to, from, filters.frequencyBytes);
  const overlapAdd = emitOverlapAdd(context, stage, layout);
  const sink = emitSink(context, input, from.plane, wiring);
  const backward = module.function(`backward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    const zero = (offset: number, bytes: number) =>
      f.emit(memoryFill(at(offset), i32.const(0), i32.const(bytes)));
    zero(filterSums.offset, FREQUENCIES * filterSums.frequencyBytes);
    forEachGroup(f, layout, { base, chunk }, ({ tiles, forEachImage }) => {
      forEachImage((image, tilesOf) => {
        f.call(load, get(image), at(layout.paddedInput + layout.inside));
        f.call(inputTiles, get(base), at(layout.paddedInput), tilesOf(from));
        f.call(rawGradient, get(image), at(layout.paddedGradient));
        f.call(gradientTiles, get(base), at(layout.paddedGradient), tilesOf(to));
      });
      f.call(filterProducts, get(base), get(tiles));
      if (!sink) return;
      f.call(multiplyBack, at(to.values), i32.const(filters.transposed), at(from.values), get(tiles));
      forEachImage((image, tilesOf) => {
        zero(layout.inputGradient, layout.inputPlaneBytes);
        f.call(overlapAdd, get(base), at(layout.inputGradient), tilesOf(from));
        f.call(sink, get(image), at(layout.inputGradient + layout.inside));
      });
    });
    f.call(filterGradient, get(base), elementAddress(slabs.address, chunk, slabs.bytes));
  });

  const items = from.channels;
  const { kernel } = stage.producer as ConvProducer;
  return {
    prepare: { items, run: emitFilterTransform(context, stage, layout) },
    forward,
    backward,
    reduce: kernel.trainable ? { items, run: emitFilterReduce(context, stage, layout) } : undefined,
  };
}

/** `(a, filters, c, tiles)`: tiles times filters, a matrix product per frequency. */
function emitProducts(
  context: PlanContext,
  name: string,
  a: Side,
  c: Side,
  filterBytes: number,
): FunctionRef {
  return context.module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f, [pa, pb, pc, tiles]) => {
    const frequency = f.local('i32');
    const shape = {
      aRow: a.frequencies.tileBytes,
      aK: 4,
      bK: c.padded * 4,
      cRow: c.frequencies.tileBytes,
    };
    f.repeat(frequency, FREQUENCIES, () => {
      const operands = { a: pa, b: pb, c: pc, k: i32.const(a.channels), rows: get(tiles) };
      emitGemm(f, context.machine, shape, c.padded / LANES, operands, false);
      f.advance(pa, a.frequencies.frequencyBytes);
      f.advance(pb, filterBytes);
      f.advance(pc, c.frequencies.frequencyBytes);
    });
  });
}

interface Group {
  /** Number of tiles of the group's images. */
  readonly tiles: Local;
  /** Emits a loop over the images; `tilesOf` is the address of an image's tiles on one side. */
  forEachImage(body: (image: Local, tilesOf: (side: Side) => Code) => void): void;
}

/** Emits a loop over a chunk's images in groups that are multiplied at once. */
function forEachGroup(
  f: FunctionBuilder,
  { grid, imagesAtOnce }: WinogradLayout,
  { base, chunk }: { base: Local; chunk: Local },
  body: (group: Group) => void,
): void {
  const { first, end } = chunkImages(f, chunk);
  const [image, last, tiles] = f.locals('i32', 3);
  const tilesOf = ({ values, frequencies }: Side) =>
    i32.add(
      i32.add(get(base), i32.const(values)),
      i32.mul(i32.sub(get(image), get(first)), i32.const(grid.count * frequencies.tileBytes)),
    );
  f.while(i32.ltS(get(first), get(end)), () => {
    f.set(last, i32.add(get(first), i32.const(imagesAtOnce)));
    f.if(i32.gtS(get(last), get(end)), () => f.set(last, get(end)));
    f.set(tiles, i32.mul(i32.sub(get(last), get(first)), i32.const(grid.count)));
    body({
      tiles,
      forEachImage: (each) => f.forRange(image, get(first), get(last), 1, () => each(image, tilesOf)),
    });
    f.set(first, get(last));
  });
}
