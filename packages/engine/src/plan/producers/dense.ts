import { get, i32, memoryFill, v128 } from '../../wasm/ops.js';
import {
  chunkImages,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type ProducerCode,
} from '../context.js';
import type { DenseProducer, Stage } from '../graph/stage.js';
import { emitGemm } from '../kernels/gemm.js';
import { emitReduceRow, loadWeights } from '../kernels/weights.js';
import { LANES, paddedChannels, paddedRows, VECTOR_BYTES } from '../machine.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';

/** The most images in a chunk. */
const CHUNK = 8;

/** A fully connected layer: `y = x W`, the images of a chunk at once. The bias is added where y is read. */
export function emitDense(
  context: PlanContext,
  stage: Stage,
  producer: DenseProducer,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const { module, arena } = context;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const realIn = input.shape.channels;
  const realOut = stage.raw.channels;
  const inWidth = paddedChannels(realIn);
  const outWidth = paddedChannels(realOut);
  const shared = context.sharedScratch();
  const rows = paddedRows(CHUNK);
  const inputs = shared.alloc(rows * inWidth * 4);
  const outputs = shared.alloc(rows * outWidth * 4);
  const kernel = context.weight(producer.kernel);
  // Spare rows: register blocks may run over the last one.
  const weights = arena.alloc(paddedRows(inWidth) * outWidth * 4);
  const transposed = arena.alloc(paddedRows(outWidth) * inWidth * 4);
  const slabBytes = paddedRows(inWidth) * outWidth * 4;
  const slabs = arena.alloc(context.maxChunks * slabBytes);
  const inLayout = { pixelBytes: inWidth * 4, rowBytes: inWidth * 4 };
  const outLayout = { pixelBytes: outWidth * 4, rowBytes: outWidth * 4 };

  const prepare = module.function(`weights ${stage.name}`, ['i32'], [], (f, [feature]) => {
    const value = f.local('v128');
    for (let vector = 0; vector < outWidth / LANES; vector++) {
      const valid = realOut - vector * LANES;
      f.set(
        value,
        loadWeights(elementAddress(kernel.value, feature, realOut * 4), vector * VECTOR_BYTES, valid),
      );
      f.emit(v128.store(elementAddress(weights, feature, outWidth * 4), get(value), vector * VECTOR_BYTES));
      for (let lane = 0; lane < Math.min(LANES, valid); lane++)
        f.emit(
          v128.store32Lane(
            elementAddress(transposed, feature, 4),
            get(value),
            lane,
            (vector * LANES + lane) * inWidth * 4,
          ),
        );
    }
  });

  const load = emitLoad(context, input, inLayout);
  const forward = module.function(`forward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first, end } = chunkImages(f, chunk);
    const [image, a, b, c, count] = f.locals('i32', 5);
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    f.set(count, i32.sub(get(end), get(first)));
    f.set(a, at(inputs));
    f.forRange(image, get(first), get(end), 1, () => {
      f.call(load, get(image), get(a));
      f.advance(a, inWidth * 4);
    });
    f.set(a, at(inputs));
    f.set(b, i32.const(weights));
    f.set(c, at(outputs));
    emitGemm(
      f,
      context.machine,
      { aRow: inWidth * 4, aK: 4, bK: outWidth * 4, cRow: outWidth * 4 },
      outWidth / LANES,
      { a, b, c, k: i32.const(realIn), rows: get(count) },
      false,
    );
    f.forRange(image, get(first), get(end), 1, () => {
      for (let vector = 0; vector < outWidth / LANES; vector++)
        f.emit(
          v128.store(
            elementAddress(buffers.raw, image, buffers.rawBytes),
            v128.load(get(c), vector * VECTOR_BYTES),
            vector * VECTOR_BYTES,
          ),
        );
      f.advance(c, outWidth * 4);
    });
  });

  const rawGradient = emitRawGradient(context, stage, outLayout);
  const sink = emitSink(context, input, inLayout, wiring);
  const backward = module.function(`backward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first, end } = chunkImages(f, chunk);
    const [image, a, b, c, count] = f.locals('i32', 5);
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    f.set(count, i32.sub(get(end), get(first)));
    f.set(a, at(inputs));
    f.set(b, at(outputs));
    f.forRange(image, get(first), get(end), 1, () => {
      f.call(load, get(image), get(a));
      f.call(rawGradient, get(image), get(b));
      f.advance(a, inWidth * 4);
      f.advance(b, outWidth * 4);
    });
    f.set(c, elementAddress(slabs, chunk, slabBytes));
    f.emit(memoryFill(get(c), i32.const(0), i32.const(slabBytes)));
    f.set(a, at(inputs));
    f.set(b, at(outputs));
    emitGemm(
      f,
      context.machine,
      { aRow: 4, aK: inWidth * 4, bK: outWidth * 4, cRow: outWidth * 4 },
      outWidth / LANES,
      { a, b, c, k: get(count), rows: i32.const(inWidth) },
      true,
    );
    if (sink) {
      f.set(a, at(outputs));
      f.set(b, i32.const(transposed));
      f.set(c, at(inputs));
      emitGemm(
        f,
        context.machine,
        { aRow: outWidth * 4, aK: 4, bK: inWidth * 4, cRow: inWidth * 4 },
        inWidth / LANES,
        { a, b, c, k: i32.const(realOut), rows: get(count) },
        false,
      );
      f.forRange(image, get(first), get(end), 1, () => {
        f.call(sink, get(image), get(c));
        f.advance(c, inWidth * 4);
      });
    }
  });

  const reduce = module.function(`reduce ${stage.name}`, ['i32'], [], (f, [feature]) => {
    const [from, to] = f.locals('i32', 2);
    f.set(from, elementAddress(slabs, feature, outWidth * 4));
    f.set(to, elementAddress(kernel.gradient, feature, realOut * 4));
    emitReduceRow(f, { from, to, channels: realOut, slabBytes });
  });

  return {
    prepare: { items: realIn, run: prepare },
    forward,
    backward,
    reduce: producer.kernel.trainable ? { items: realIn, run: reduce } : undefined,
  };
}
