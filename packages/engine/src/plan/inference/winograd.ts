import type { FunctionRef } from '../../wasm/function-builder.js';
import { f32x4, get, i32, memoryFill, v128 } from '../../wasm/ops.js';
import type { PlanContext } from '../context.js';
import { roundedHalves, WIDE_BYTES } from '../kernels/wide-sums.js';
import { paddedChannels, paddedRows, VECTOR_BYTES, vectorsOf } from '../machine.js';
import { emitFilterTransform } from '../producers/winograd/filters.js';
import { type Side, type TileGrid, tileGrid } from '../producers/winograd/layout.js';
import { emitInputTiles } from '../producers/winograd/tiles.js';
import { FREQUENCIES, TILE_OUT } from '../producers/winograd/transforms.js';
import { emitFinishedTiles, tileStep } from './output-tiles.js';
import { type FoldedCode, type InputPlane, inputPlane, type Target } from './plane.js';
import { emitTileProducts } from './products.js';
import type { InferenceStage } from './stages.js';

/** Bytes of transformed tiles, input and output, that rows of tiles are gathered for: they stay in the nearest caches. */
const BLOCK_BYTES = 64 * 1024;

/** The plane that a convolution by Winograd's algorithm reads: whole tiles. */
export function winogradPlane(context: PlanContext, { made }: InferenceStage): InputPlane {
  const { rows, columns } = tileGrid(made.raw);
  return inputPlane(context, made, { ...made.raw, height: rows * TILE_OUT, width: columns * TILE_OUT });
}

/** Rows of tiles that are multiplied at once. */
function rowsAtOnce({ rows, columns }: TileGrid, channels: number): number {
  const rowBytes = FREQUENCIES * columns * channels * 4;
  // Less than eight tiles would read the filters once for a handful of products.
  const least = Math.ceil(8 / columns);
  return Math.min(rows, Math.max(least, Math.floor(BLOCK_BYTES / rowBytes)));
}

/**
 * A 3 x 3 convolution by Winograd's F(4x4, 3x3) with batch norm, activation and pooling in its output transform,
 * some rows of tiles at a time, so that their frequencies stay in the first-level cache.
 */
export function emitFoldedWinograd(
  context: PlanContext,
  { made, seen }: InferenceStage,
  io: { plane: InputPlane; target: Target; load?: FunctionRef },
): FoldedCode {
  const { module, arena } = context;
  const grid = tileGrid(made.raw);
  const shared = context.sharedScratch();
  const square = shared.alloc(FREQUENCIES * VECTOR_BYTES * context.machine.atOnce ** 2);
  const [inPadded, outPadded] = [made.inputs[0].shape.channels, made.raw.channels].map(paddedChannels);
  const atOnce = rowsAtOnce(grid, inPadded + outPadded);
  const tiles = paddedRows(atOnce * grid.columns);
  const side = (channels: number, plane: InputPlane['layout']): Side => {
    const padded = paddedChannels(channels);
    const tileBytes = padded * 4;
    const frequencyBytes = (Math.ceil((tiles * padded) / 16) | 1) * 64;
    const values = shared.alloc(FREQUENCIES * frequencyBytes);
    return { channels, padded, plane, frequencies: { tileBytes, frequencyBytes }, values };
  };
  const input = side(made.inputs[0].shape.channels, io.plane.layout);
  const output = side(made.raw.channels, io.target.layout);
  const filterBytes = FREQUENCIES * input.padded * output.padded * 4;
  const filters = {
    address: arena.alloc(filterBytes),
    transposed: arena.alloc(filterBytes),
    frequencyBytes: input.padded * output.padded * 4,
  };
  const shifts = arena.floats(output.padded);
  const layout = { square, input, output, filters };
  const prepare = { items: input.channels, run: emitFilterTransform(context, made, layout) };

  /** `(base, plane, target)`: some rows of tiles, of whose last so many rows of values exist. */
  const block = (rows: number, lastRows: number) => {
    const part = { rows, columns: grid.columns, count: rows * grid.columns };
    const inputTiles = emitInputTiles(context, made, { ...layout, grid: part });
    const sides = { a: input, c: output };
    const multiply = emitTileProducts(context, `multiply ${made.name}`, sides, filters, part.count);
    const outputTiles = emitFinishedTiles(
      context,
      { stage: made, layout, shifts, plane: io.target.layout },
      part,
      lastRows,
    );
    return module.function(`block ${made.name}`, ['i32', 'i32', 'i32'], [], (f, [base, plane, target]) => {
      const at = (offset: number) => i32.add(get(base), i32.const(offset));
      f.call(inputTiles, get(base), get(plane), at(input.values));
      f.call(multiply, at(input.values), at(output.values));
      f.call(outputTiles, get(base), get(target), at(output.values));
    });
  };
  const lastRows = made.raw.height - (grid.rows - 1) * TILE_OUT;
  const rest = grid.rows % atOnce || atOnce;
  const whole = (grid.rows - rest) / atOnce;
  const wholeBlock = whole > 0 ? block(atOnce, TILE_OUT) : undefined;
  const lastBlock = block(rest, lastRows);
  const average = made.pool === 'globalAverage' ? shared.alloc(vectorsOf(made.raw.channels) * WIDE_BYTES) : 0;

  const run = module.function(`infer ${made.name}`, ['i32', 'i32'], [], (f, [base, slot]) => {
    const [plane, target, count] = f.locals('i32', 3);
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    if (io.load) f.call(io.load, get(slot), at(io.plane.inside));
    f.set(plane, at(io.plane.offset));
    const isAverage = made.pool === 'globalAverage';
    f.set(target, isAverage ? at(average) : io.target.address({ base, slot }));
    if (isAverage)
      f.emit(memoryFill(get(target), i32.const(0), i32.const(vectorsOf(made.raw.channels) * WIDE_BYTES)));
    f.repeat(count, whole, () => {
      if (wholeBlock) f.call(wholeBlock, get(base), get(plane), get(target));
      f.advance(plane, atOnce * TILE_OUT * input.plane.rowBytes);
      f.advance(target, atOnce * tileStep(made) * output.plane.rowBytes);
    });
    f.call(lastBlock, get(base), get(plane), get(target));
    if (!isAverage) return;
    f.set(plane, io.target.address({ base, slot }));
    const share = f32x4.const(1 / (made.raw.height * made.raw.width));
    for (let vector = 0; vector < vectorsOf(seen.shape.channels); vector++) {
      const half = (i: number) => v128.load(get(target), vector * WIDE_BYTES + i * VECTOR_BYTES);
      f.emit(
        v128.store(get(plane), f32x4.mul(roundedHalves(half(0), half(1)), share), vector * VECTOR_BYTES),
      );
    }
  });
  return { run, prepare, shifts };
}
