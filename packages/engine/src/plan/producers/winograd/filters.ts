import type { FunctionRef } from '../../../wasm/function-builder.js';
import { f64x2, get, i32, v128 } from '../../../wasm/ops.js';
import { elementAddress, type PlanContext } from '../../context.js';
import type { ConvProducer, Stage } from '../../graph/stage.js';
import { emitGemm } from '../../kernels/gemm.js';
import { emitReduceRow, loadWeights } from '../../kernels/weights.js';
import { roundedHalves, wideHalves } from '../../kernels/wide-sums.js';
import { LANES, VECTOR_BYTES } from '../../machine.js';
import type { WinogradLayout } from './layout.js';
import { FREQUENCIES, TILE_IN, TransformConstants, WinogradTransforms } from './transforms.js';

/** Rows and columns of the filter. */
const SIDE = 3;

/**
 * `(in channel)`: `G g G^T` of a channel's filters, in both orders of the channels.
 *
 * In float64, rounded once: an error here is the same in every tile, so sums over pixels do not average it out.
 */
export function emitFilterTransform(
  context: PlanContext,
  stage: Stage,
  { input, output, filters }: Pick<WinogradLayout, 'input' | 'output' | 'filters'>,
): FunctionRef {
  const kernel = context.weight((stage.producer as ConvProducer).kernel);
  return context.module.function(`filters ${stage.name}`, ['i32'], [], (f, [channel]) => {
    const transforms = new WinogradTransforms(
      f,
      new TransformConstants(f, [1 / 4, 1 / 6, -1 / 6, 1 / 24, 2, 4], f64x2),
    );
    const g = f.local('v128');
    const column = [f.locals('v128', SIDE), f.locals('v128', SIDE)];
    const columns = [f.locals('v128', TILE_IN * SIDE), f.locals('v128', TILE_IN * SIDE)];
    const rows = [f.locals('v128', TILE_IN), f.locals('v128', TILE_IN)];
    const u = f.local('v128');
    const [from, to, transposedTo, left] = f.locals('i32', 4);
    transforms.constants.setup();
    f.set(from, elementAddress(kernel.value, channel, output.channels * 4));
    f.set(to, elementAddress(filters.address, channel, output.padded * 4));
    f.set(transposedTo, elementAddress(filters.transposed, channel, 4));

    /** Four output channels, of which `valid` exist. */
    const emitVector = (valid: number) => {
      for (let x = 0; x < SIDE; x++) {
        for (let y = 0; y < SIDE; y++) {
          const tap = y * SIDE + x;
          f.set(g, loadWeights(get(from), tap * input.channels * output.channels * 4, valid));
          for (const [i, half] of wideHalves(g).entries()) f.set(column[i][y], half);
        }
        for (const i of [0, 1])
          for (const [y, value] of transforms.filter(column[i]).entries())
            f.set(columns[i][y * SIDE + x], value);
      }
      for (let y = 0; y < TILE_IN; y++) {
        for (const i of [0, 1])
          for (const [x, value] of transforms.filter(columns[i].slice(y * SIDE, (y + 1) * SIDE)).entries())
            f.set(rows[i][x], value);
        for (let x = 0; x < TILE_IN; x++) {
          const frequency = (y * TILE_IN + x) * filters.frequencyBytes;
          f.set(u, roundedHalves(get(rows[0][x]), get(rows[1][x])));
          f.emit(v128.store(get(to), get(u), frequency));
          for (let lane = 0; lane < LANES; lane++)
            f.emit(v128.store32Lane(get(transposedTo), get(u), lane, frequency + lane * input.padded * 4));
        }
      }
      f.advance(from, VECTOR_BYTES);
      f.advance(to, VECTOR_BYTES);
      f.advance(transposedTo, LANES * input.padded * 4);
    };
    f.repeat(left, Math.floor(output.channels / LANES), () => emitVector(LANES));
    if (output.channels % LANES) emitVector(output.channels % LANES);
  });
}

/** `(base, tiles)`: adds `V^T D` to the sums of the filter's gradient, a matrix product per frequency. */
export function emitFilterProducts(
  context: PlanContext,
  stage: Stage,
  { input, output, filterSums }: WinogradLayout,
): FunctionRef {
  const name = `multiply filter ${stage.name}`;
  return context.module.function(name, ['i32', 'i32'], [], (f, [base, tiles]) => {
    const [a, b, c, frequency] = f.locals('i32', 4);
    f.set(a, i32.add(get(base), i32.const(input.values)));
    f.set(b, i32.add(get(base), i32.const(output.values)));
    f.set(c, i32.add(get(base), i32.const(filterSums.offset)));
    const shape = {
      aRow: 4,
      aK: input.frequencies.tileBytes,
      bK: output.frequencies.tileBytes,
      cRow: output.padded * 4,
    };
    f.repeat(frequency, FREQUENCIES, () => {
      const operands = { a, b, c, k: get(tiles), rows: i32.const(input.padded) };
      emitGemm(f, context.machine, shape, output.padded / LANES, operands, true);
      f.advance(a, input.frequencies.frequencyBytes);
      f.advance(b, output.frequencies.frequencyBytes);
      f.advance(c, filterSums.frequencyBytes);
    });
  });
}

/** `(base, slab)`: a chunk's sums transformed back, `G^T u G`. */
export function emitFilterGradient(
  context: PlanContext,
  stage: Stage,
  { filters, filterSums }: WinogradLayout,
): FunctionRef {
  const name = `finish filter ${stage.name}`;
  return context.module.function(name, ['i32', 'i32'], [], (f, [base, slab]) => {
    const transforms = new WinogradTransforms(f, new TransformConstants(f, [1 / 4, 1 / 6, 1 / 12, 1 / 24]));
    const u = f.locals('v128', TILE_IN);
    const half = f.locals('v128', SIDE * TILE_IN);
    const [from, to, left] = f.locals('i32', 3);
    transforms.constants.setup();
    f.set(from, i32.add(get(base), i32.const(filterSums.offset)));
    f.set(to, get(slab));
    f.repeat(left, filters.frequencyBytes / VECTOR_BYTES, () => {
      for (let column = 0; column < TILE_IN; column++) {
        for (let row = 0; row < TILE_IN; row++)
          f.set(u[row], v128.load(get(from), (row * TILE_IN + column) * filterSums.frequencyBytes));
        for (const [row, value] of transforms.filterTransposed(u).entries())
          f.set(half[row * TILE_IN + column], value);
      }
      for (let row = 0; row < SIDE; row++)
        for (const [column, value] of transforms
          .filterTransposed(half.slice(row * TILE_IN, (row + 1) * TILE_IN))
          .entries())
          f.emit(v128.store(get(to), value, (row * SIDE + column) * filters.frequencyBytes));
      f.advance(from, VECTOR_BYTES);
      f.advance(to, VECTOR_BYTES);
    });
  });
}

/** `(in channel)`: the sum of the chunks' gradients of a channel's filters, where the optimizer reads it. */
export function emitFilterReduce(
  context: PlanContext,
  stage: Stage,
  { input, output, filters, slabs }: WinogradLayout,
): FunctionRef {
  const kernel = context.weight((stage.producer as ConvProducer).kernel);
  return context.module.function(`reduce ${stage.name}`, ['i32'], [], (f, [channel]) => {
    const [from, to, tap] = f.locals('i32', 3);
    f.set(from, elementAddress(slabs.address, channel, output.padded * 4));
    f.set(to, elementAddress(kernel.gradient, channel, output.channels * 4));
    f.repeat(tap, SIDE * SIDE, () => {
      emitReduceRow(f, { from, to, channels: output.channels, slabBytes: slabs.bytes });
      f.advance(from, filters.frequencyBytes);
      f.advance(to, input.channels * output.channels * 4);
    });
  });
}
