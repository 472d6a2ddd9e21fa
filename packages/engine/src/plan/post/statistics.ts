import type { FunctionRef } from '../../wasm/function-builder.js';
import { f32x4, f64x2, get, i32, v128 } from '../../wasm/ops.js';
import { denseLayout, elementAddress, type PlanContext } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { forEachBlock } from '../kernels/planes.js';
import { emitClear, WIDE_BYTES, wideHalves } from '../kernels/wide-sums.js';
import { channelPasses, VECTOR_BYTES, vectorsOf } from '../machine.js';
import { BlockSums } from './block-sums.js';

/** Every how many pixels one is taken for a first guess of an image's mean. */
const SAMPLE_STEP = 16;
/** Channel vectors of one pass over an image: few enough that their sums stay in registers. */
const AT_ONCE = 4;

/**
 * A function `(image, base)` that writes the image's mean and its sum of squared deviations per channel.
 *
 * Squares are summed around the mean of every sixteenth pixel, which costs a sixteenth of a second pass: it lies
 * within sqrt(15) standard deviations of the mean whatever the image, so at most four bits cancel, where sums
 * of plain squares lose all digits once the mean is a few thousand standard deviations.
 */
export function emitStatistics(context: PlanContext, stage: Stage): FunctionRef {
  return context.module.function(`statistics ${stage.name}`, ['i32', 'i32'], [], (f, [image]) => {
    const { height, width, channels } = stage.raw;
    const raw = denseLayout(stage, stage.raw);
    const buffers = context.buffers[stage.index];
    const vectors = vectorsOf(channels);
    const pixels = height * width;
    const samples = Math.ceil(pixels / SAMPLE_STEP);
    const partialBytes = vectors * 2 * WIDE_BYTES;
    const [from, partial, left] = f.locals('i32', 3);
    const guesses = f.locals('v128', AT_ONCE);
    const sums = f.locals('v128', AT_ONCE);
    const squares = f.locals('v128', AT_ONCE);
    const [y, total] = f.locals('v128', 2);
    f.set(partial, elementAddress(buffers.partial, image, partialBytes));
    emitClear(f, partial, partialBytes);
    const blocks = new BlockSums(f, context, stage, image, partial);
    for (const { first, count } of channelPasses(vectors, AT_ONCE)) {
      const passes = Array.from({ length: count }, (_, i) => i);
      const placeOf = (i: number) => ({
        mean: (first + i) * WIDE_BYTES,
        squares: (vectors + first + i) * WIDE_BYTES,
      });
      const restart = () =>
        f.set(
          from,
          i32.add(elementAddress(buffers.raw, image, buffers.rawBytes), i32.const(first * VECTOR_BYTES)),
        );
      const clear = (i: number) => {
        f.set(sums[i], v128.zero());
        f.set(squares[i], v128.zero());
      };
      restart();
      for (const i of passes) f.set(guesses[i], v128.zero());
      f.repeat(left, samples, () => {
        for (const i of passes)
          f.set(guesses[i], f32x4.add(get(guesses[i]), v128.load(get(from), i * VECTOR_BYTES)));
        f.advance(from, SAMPLE_STEP * raw.pixelBytes);
      });
      for (const i of passes) {
        f.set(guesses[i], f32x4.mul(get(guesses[i]), f32x4.const(1 / samples)));
        clear(i);
      }
      restart();
      const visit = () => {
        for (const i of passes) {
          f.set(y, f32x4.sub(v128.load(get(from), i * VECTOR_BYTES), get(guesses[i])));
          f.set(sums[i], f32x4.add(get(sums[i]), get(y)));
          f.set(squares[i], f32x4.add(get(squares[i]), f32x4.mul(get(y), get(y))));
        }
      };
      const used = { sums: sums.slice(0, count), squares: squares.slice(0, count) };
      forEachBlock(f, height, width, [{ local: from, ...raw }], visit, () =>
        blocks.add([
          { locals: used.sums, offset: placeOf(0).mean },
          { locals: used.squares, offset: placeOf(0).squares },
        ]),
      );
      for (const i of passes)
        for (const [half, guess] of wideHalves(guesses[i]).entries()) {
          const [meanAt, squaresAt] = [
            placeOf(i).mean + half * VECTOR_BYTES,
            placeOf(i).squares + half * VECTOR_BYTES,
          ];
          const share = f64x2.mul(get(total), f64x2.const(1 / pixels));
          f.set(total, v128.load(get(partial), meanAt));
          f.emit(v128.store(get(partial), f64x2.add(guess, share), meanAt));
          const rest = f64x2.sub(v128.load(get(partial), squaresAt), f64x2.mul(get(total), share));
          f.emit(v128.store(get(partial), rest, squaresAt));
        }
    }
  });
}
