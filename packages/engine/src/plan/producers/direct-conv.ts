import { f32x4, get, i32, memoryFill, v128 } from '../../wasm/ops.js';
import {
  chunkImages,
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type PlaneLayout,
  type ProducerCode,
  pixelBytesOf,
} from '../context.js';
import { type ConvProducer, paddedChannels, type Stage } from '../graph/stage.js';
import { columnBlocks } from '../kernels/gemm.js';
import { forEachPixel, rowsOfBlock } from '../kernels/planes.js';
import { emitReduceRow, loadWeights } from '../kernels/weights.js';
import { emitAddWide, WIDE_BYTES } from '../kernels/wide-sums.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';

/** Neighbouring output pixels that one register block covers. */
const PIXELS_AT_ONCE = 4;

/**
 * A convolution of any kernel size and stride, done directly. One row of a window is one run of
 * `kernel width x channels` floats in the padded input, so every kernel row is a small matrix product.
 */
export function emitDirectConv(
  context: PlanContext,
  stage: Stage,
  [wiring]: readonly InputWiring[],
): ProducerCode {
  const { module, arena, scratch } = context;
  const producer = stage.producer as ConvProducer;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const [kernelHeight, kernelWidth] = producer.kernelSize;
  const [strideY, strideX] = producer.strides;
  const { height, width } = stage.raw;
  const outChannels = paddedChannels(stage.raw.channels);
  const vectors = outChannels / 4;
  const pixel = pixelBytesOf(input);
  const channelsStored = pixel / 4;
  /** Floats of one row of a window. */
  const run = kernelWidth * channelsStored;
  const plane: PlaneLayout = {
    pixelBytes: pixel,
    rowBytes: Math.max((width - 1) * strideX + kernelWidth, input.shape.width + producer.padding[1]) * pixel,
  };
  const planeBytes =
    Math.max((height - 1) * strideY + kernelHeight, input.shape.height + producer.padding[0]) *
    plane.rowBytes;
  const inside = producer.padding[0] * plane.rowBytes + producer.padding[1] * pixel;
  const paddedInput = scratch.alloc(planeBytes + 64);
  const shared = context.sharedScratch();
  const rawGradientPlane = shared.alloc(height * width * outChannels * 4);
  const inputGradient = shared.alloc(planeBytes + 64);

  const realIn = input.shape.channels;
  const realOut = stage.raw.channels;
  const kernel = context.weight(producer.kernel);
  const raw = denseLayout(stage, stage.raw);
  /** `[kernel row][position in the run][out]` and, for the input's gradient, `[kernel row][out][position]`. */
  const runPadded = paddedChannels(run);
  const rowBytes = run * outChannels * 4;
  const filters = arena.alloc(kernelHeight * rowBytes + 64);
  const transposedRowBytes = realOut * runPadded * 4;
  const transposed = arena.alloc(kernelHeight * transposedRowBytes + 64);
  /** Partial sums of the filter's gradient are float64. */
  const slabRowBytes = rowBytes * 2;
  const slabBytes = kernelHeight * slabRowBytes;
  const slabs = arena.alloc(context.maxChunks * slabBytes + 64);

  const prepare = module.function(`filters ${stage.name}`, ['i32'], [], (f, [row]) => {
    const value = f.local('v128');
    const [from, to, transposedTo, x, channel] = f.locals('i32', 5);
    f.set(from, elementAddress(kernel.value, row, kernelWidth * realIn * realOut * 4));
    f.set(to, elementAddress(filters, row, rowBytes));
    f.set(transposedTo, elementAddress(transposed, row, transposedRowBytes));
    f.repeat(x, kernelWidth, () => {
      f.repeat(channel, realIn, () => {
        for (let vector = 0; vector < vectors; vector++) {
          const valid = realOut - vector * 4;
          f.set(value, loadWeights(get(from), vector * 16, valid));
          f.emit(v128.store(get(to), get(value), vector * 16));
          for (let lane = 0; lane < Math.min(4, valid); lane++)
            f.emit(
              v128.store32Lane(get(transposedTo), get(value), lane, (vector * 4 + lane) * runPadded * 4),
            );
        }
        f.advance(from, realOut * 4);
        f.advance(to, outChannels * 4);
        f.advance(transposedTo, 4);
      });
      // Stored channels that do not exist keep weights of zero.
      f.advance(to, (channelsStored - realIn) * outChannels * 4);
      f.advance(transposedTo, (channelsStored - realIn) * 4);
    });
  });

  const load = emitLoad(context, input, plane);
  const pixels = Math.min(PIXELS_AT_ONCE, width);
  const pixelStep = strideX * pixel;

  /** `(plane, output)`: one image. */
  const convolve = module.function(`convolve ${stage.name}`, ['i32', 'i32'], [], (f, [source, target]) => {
    const acc = f.locals('v128', pixels * 2);
    const weights = f.locals('v128', 2);
    const value = f.local('v128');
    const [y, x, from, to, a, b, kernelRow, k] = f.locals('i32', 8);
    f.repeat(y, height, () => {
      f.set(x, i32.const(0));
      f.doWhile(() => {
        f.set(from, i32.add(get(source), i32.mul(get(x), i32.const(pixelStep))));
        f.set(to, i32.add(get(target), i32.mul(get(x), i32.const(outChannels * 4))));
        let vector = 0;
        for (const columns of columnBlocks(vectors).flatMap((c) => (c === 3 ? [2, 1] : [c]))) {
          const offset = vector * 16;
          const cell = (row: number, column: number) => acc[row * columns + column];
          for (let i = 0; i < pixels * columns; i++) f.set(acc[i], v128.zero());
          f.set(a, get(from));
          f.set(b, i32.const(filters));
          f.repeat(kernelRow, kernelHeight, () => {
            const step = (at: number, weightAt: number) => {
              for (let column = 0; column < columns; column++)
                f.set(weights[column], v128.load(get(b), offset + column * 16 + weightAt));
              for (let row = 0; row < pixels; row++) {
                f.set(value, v128.load32Splat(get(a), row * pixelStep + at));
                for (let column = 0; column < columns; column++)
                  f.set(
                    cell(row, column),
                    f.multiplyAdd(get(cell(row, column)), get(value), get(weights[column])),
                  );
              }
            };
            if (run <= 4) {
              for (let i = 0; i < run; i++) step(i * 4, i * outChannels * 4);
              f.advance(a, plane.rowBytes);
              f.advance(b, rowBytes);
            } else {
              f.repeat(k, run, () => {
                step(0, 0);
                f.advance(a, 4);
                f.advance(b, outChannels * 4);
              });
              f.advance(a, plane.rowBytes - run * 4);
            }
          });
          for (let row = 0; row < pixels; row++)
            for (let column = 0; column < columns; column++)
              f.emit(
                v128.store(get(to), get(cell(row, column)), row * outChannels * 4 + offset + column * 16),
              );
          vector += columns;
        }
        f.advance(x, pixels);
        // The last block of a row starts early enough to end with it and computes some pixels twice.
        f.if(i32.and(i32.ltS(get(x), i32.const(width)), i32.gtS(get(x), i32.const(width - pixels))), () =>
          f.set(x, i32.const(width - pixels)),
        );
        return i32.ltS(get(x), i32.const(width));
      });
      f.advance(source, strideY * plane.rowBytes);
      f.advance(target, raw.rowBytes);
    });
  });

  const forward = module.function(`forward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first: image, end } = chunkImages(f, chunk);
    const padded = i32.add(get(base), i32.const(paddedInput));
    f.while(i32.ltS(get(image), get(end)), () => {
      f.call(load, get(image), i32.add(padded, i32.const(inside)));
      f.call(convolve, padded, elementAddress(buffers.raw, image, buffers.rawBytes));
      f.advance(image, 1);
    });
  });

  /** `(plane, gradient, slab)`: adds one image's filter gradient. */
  const filterGradient = module.function(
    `filter gradient ${stage.name}`,
    ['i32', 'i32', 'i32'],
    [],
    (f, [source, gradient, slab]) => {
      const acc = f.locals('v128', 8);
      const weights = f.locals('v128', 2);
      const value = f.local('v128');
      const [kernelRow, position, block, y, x, a, b, c, rowA] = f.locals('i32', 9);
      const blockHeight = rowsOfBlock(height, width);
      const emitRows = (rows: number, count: number) =>
        f.repeat(position, count, () => {
          let vector = 0;
          for (const columns of columnBlocks(vectors).flatMap((block) => (block === 3 ? [2, 1] : [block]))) {
            const offset = vector * 16;
            const cells = acc.slice(0, rows * columns);
            for (const cell of cells) f.set(cell, v128.zero());
            f.set(a, get(rowA));
            f.set(b, get(gradient));
            f.repeat(block, height / blockHeight, () => {
              f.repeat(y, blockHeight, () => {
                f.repeat(x, width, () => {
                  for (let column = 0; column < columns; column++)
                    f.set(weights[column], v128.load(get(b), offset + column * 16));
                  for (let row = 0; row < rows; row++) {
                    f.set(value, v128.load32Splat(get(a), row * 4));
                    for (let column = 0; column < columns; column++) {
                      const cell = cells[row * columns + column];
                      f.set(cell, f.multiplyAdd(get(cell), get(value), get(weights[column])));
                    }
                  }
                  f.advance(a, pixelStep);
                  f.advance(b, outChannels * 4);
                });
                f.advance(a, strideY * plane.rowBytes - width * pixelStep);
              });
              for (const [i, cell] of cells.entries()) {
                const row = Math.floor(i / columns);
                emitAddWide(f, c, row * outChannels * 8 + (vector + (i % columns)) * WIDE_BYTES, cell);
                f.set(cell, v128.zero());
              }
            });
            vector += columns;
          }
          f.advance(rowA, rows * 4);
          f.advance(c, rows * outChannels * 8);
        });
      f.set(c, get(slab));
      f.repeat(kernelRow, kernelHeight, () => {
        f.set(rowA, i32.add(get(source), i32.mul(get(kernelRow), i32.const(plane.rowBytes))));
        emitRows(4, Math.floor(run / 4));
        if (run % 4) emitRows(run % 4, 1);
      });
    },
  );

  /** `(gradient, plane)`: adds one image's input gradient to a padded plane. */
  const inputGradientOf = module.function(
    `input gradient ${stage.name}`,
    ['i32', 'i32'],
    [],
    (f, [gradient, target]) => {
      const most = 4;
      const acc = f.locals('v128', most);
      const value = f.local('v128');
      const [to, a, b, k, kernelRow] = f.locals('i32', 5);
      f.set(to, get(target));
      forEachPixel(
        f,
        height,
        width,
        [
          { local: gradient, pixelBytes: outChannels * 4, rowBytes: raw.rowBytes },
          { local: to, pixelBytes: pixelStep, rowBytes: strideY * plane.rowBytes },
        ],
        () => {
          f.repeat(kernelRow, kernelHeight, () => {
            for (let first = 0; first < run / 4; first += most) {
              const count = Math.min(most, run / 4 - first);
              for (let i = 0; i < count; i++) f.set(acc[i], v128.load(get(to), (first + i) * 16));
              f.set(a, get(gradient));
              f.set(
                b,
                i32.add(
                  i32.const(transposed + first * 16),
                  i32.mul(get(kernelRow), i32.const(transposedRowBytes)),
                ),
              );
              f.repeat(k, realOut, () => {
                f.set(value, v128.load32Splat(get(a)));
                for (let i = 0; i < count; i++)
                  f.set(acc[i], f32x4.add(get(acc[i]), f32x4.mul(get(value), v128.load(get(b), i * 16))));
                f.advance(a, 4);
                f.advance(b, runPadded * 4);
              });
              for (let i = 0; i < count; i++) f.emit(v128.store(get(to), get(acc[i]), (first + i) * 16));
            }
            f.advance(to, plane.rowBytes);
          });
          f.advance(to, -kernelHeight * plane.rowBytes);
        },
      );
    },
  );

  const rawGradient = emitRawGradient(context, stage, raw);
  const sink = emitSink(context, input, plane, wiring);
  const backward = module.function(`backward ${stage.name}`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first: image, end } = chunkImages(f, chunk);
    const slab = f.local('i32');
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    f.set(slab, elementAddress(slabs, chunk, slabBytes));
    f.emit(memoryFill(get(slab), i32.const(0), i32.const(slabBytes)));
    f.while(i32.ltS(get(image), get(end)), () => {
      f.call(load, get(image), at(paddedInput + inside));
      f.call(rawGradient, get(image), at(rawGradientPlane));
      f.call(filterGradient, at(paddedInput), at(rawGradientPlane), get(slab));
      if (sink) {
        f.emit(memoryFill(at(inputGradient), i32.const(0), i32.const(planeBytes)));
        f.call(inputGradientOf, at(rawGradientPlane), at(inputGradient));
        f.call(sink, get(image), at(inputGradient + inside));
      }
      f.advance(image, 1);
    });
  });

  const reduce = module.function(`reduce ${stage.name}`, ['i32'], [], (f, [row]) => {
    const [from, to, x, channel] = f.locals('i32', 4);
    f.set(from, elementAddress(slabs, row, slabRowBytes));
    f.set(to, elementAddress(kernel.gradient, row, kernelWidth * realIn * realOut * 4));
    f.repeat(x, kernelWidth, () => {
      f.repeat(channel, realIn, () => {
        emitReduceRow(f, { from, to, channels: realOut, slabBytes, wide: true });
        f.advance(from, outChannels * 8);
        f.advance(to, realOut * 4);
      });
      f.advance(from, (channelsStored - realIn) * outChannels * 8);
    });
  });

  return {
    prepare: { items: kernelHeight, run: prepare },
    forward,
    backward,
    reduce: producer.kernel.trainable ? { items: kernelHeight, run: reduce } : undefined,
  };
}
