import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local } from '../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { emitAddWide, WIDE_BYTES } from '../kernels/wide-sums.js';
import { VECTOR_BYTES, vectorsOf } from '../machine.js';
import type { TileGrid, WinogradLayout } from '../producers/winograd/layout.js';
import {
  forEachVector,
  frequencyOffset,
  pixelOffset,
  storeAt,
  TilePasses,
} from '../producers/winograd/tiles.js';
import { TILE_IN, TILE_OUT } from '../producers/winograd/transforms.js';
import { Finish } from './finish.js';

/** What the output transform of a stage writes. */
export interface OutputTiles {
  readonly stage: Stage;
  readonly layout: Pick<WinogradLayout, 'square' | 'output'>;
  /** Address of the shifts, in which bias and batch norm are. */
  readonly shifts: number;
  /** Of what is written: finished values, or pools of them. For a global average, sums in float64. */
  readonly plane: PlaneLayout;
}

/** Pixels of the target that one tile covers along a side. */
export const tileStep = ({ pool }: Stage): number =>
  pool === 'max' ? TILE_OUT / 2 : pool === 'globalAverage' ? 0 : TILE_OUT;

/**
 * A function `(scratch, plane, frequencies)`: `A^T m A` of every tile of some rows of tiles, then shift, activation
 * and pooling.
 *
 * @param grid The rows of tiles.
 * @param lastRows Rows of values in the last of them.
 */
export function emitFinishedTiles(
  context: PlanContext,
  output: OutputTiles,
  grid: TileGrid,
  lastRows: number,
): FunctionRef {
  const { stage, layout, plane: planeLayout } = output;
  const { frequencies: frequencyLayout } = layout.output;
  const name = `finished tiles ${stage.name} ${grid.rows} ${lastRows}`;
  const strips = new Map<string, FunctionRef>();
  const stripOf = (rows: number, columns: number) => {
    const key = `${rows}x${columns}`;
    const strip = strips.get(key) ?? emitStrip(context, output, `${name} ${key}`, { rows, columns });
    strips.set(key, strip);
    return strip;
  };
  const step = tileStep(stage);
  const lastColumns = stage.raw.width - (grid.columns - 1) * TILE_OUT;
  const whole = lastColumns === TILE_OUT ? grid.columns : grid.columns - 1;
  return context.module.function(name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const row = f.local('i32');
    const emitRow = (rows: number) => {
      if (whole > 0)
        f.call(stripOf(rows, TILE_OUT), get(scratch), get(plane), get(frequencies), i32.const(whole));
      if (whole < grid.columns)
        f.call(
          stripOf(rows, lastColumns),
          get(scratch),
          i32.add(get(plane), i32.const(whole * step * planeLayout.pixelBytes)),
          i32.add(get(frequencies), i32.const(whole * frequencyLayout.tileBytes)),
          i32.const(1),
        );
      f.advance(plane, step * planeLayout.rowBytes);
      f.advance(frequencies, grid.columns * frequencyLayout.tileBytes);
    };
    const wholeRows = lastRows === TILE_OUT ? grid.rows : grid.rows - 1;
    f.repeat(row, wholeRows, () => emitRow(TILE_OUT));
    if (wholeRows < grid.rows) emitRow(lastRows);
  });
}

/** `(scratch, plane, frequencies, tiles)`: tiles side by side of which `rows x columns` values exist. */
function emitStrip(
  context: PlanContext,
  { stage, layout, shifts, plane: planeLayout }: OutputTiles,
  name: string,
  size: { rows: number; columns: number },
): FunctionRef {
  const { module, machine } = context;
  const vectors = vectorsOf(stage.raw.channels);
  const { frequencies: frequencyLayout } = layout.output;
  const parameters = ['i32', 'i32', 'i32', 'i32'] as const;
  return module.function(name, parameters, [], (f, [scratch, plane, frequencies, tiles]) => {
    const [vector, shift] = f.locals('i32', 2);
    const passes = new TilePasses(f, { address: scratch, offset: layout.square }, [2, 4, 8], machine);
    const writer = writerOf(f, stage, new Finish(f, machine, stage, shifts), plane, planeLayout);
    f.while(get(tiles), () => {
      f.set(shift, i32.const(0));
      forEachVector(f, machine, vectors, vector, [plane, frequencies, shift], (count) => {
        writer.finish.setup(get(shift), count);
        passes.emit(
          count,
          { from: TILE_IN, to: size.rows },
          (transforms, m) => transforms.output(m),
          (r, c) => ({ address: frequencies, offset: frequencyOffset(frequencyLayout, r, c) }),
          (r, c, values) => {
            if (c < size.columns) writer.write(r, c, values);
          },
        );
        writer.end(count);
        f.advance(plane, count * (writer.vectorBytes - VECTOR_BYTES));
      });
      f.advance(plane, tileStep(stage) * planeLayout.pixelBytes - vectors * writer.vectorBytes);
      f.advance(frequencies, frequencyLayout.tileBytes - vectors * VECTOR_BYTES);
      f.advance(tiles, -1);
    });
  });
}

/** What becomes of a tile's values, which come row by row, some neighbouring vectors at once. */
interface TileWriter {
  readonly finish: Finish;
  /** Bytes from one vector of channels to the next in the target. */
  readonly vectorBytes: number;
  write(row: number, column: number, values: readonly Code[]): void;
  end(count: number): void;
}

function writerOf(
  f: FunctionBuilder,
  { pool }: Stage,
  finish: Finish,
  plane: Local,
  layout: PlaneLayout,
): TileWriter {
  const store = (row: number, column: number, values: readonly Code[]) =>
    storeAt(f, { address: plane, offset: pixelOffset(layout, row, column) }, finish.apply(values));
  if (pool === 'max') {
    // The activation never falls and the shift is the same for all, so the largest is found first.
    const tops = [0, 1].map(() => f.locals('v128', finish.atOnce));
    const write = (row: number, column: number, values: readonly Code[]) => {
      const top = tops[column >> 1];
      const isFirst = row % 2 === 0 && column % 2 === 0;
      for (const [i, value] of values.entries())
        f.set(top[i], isFirst ? value : f32x4.pmax(value, get(top[i])));
      if (row % 2 && column % 2) store(row >> 1, column >> 1, top.slice(0, values.length).map(get));
    };
    return { finish, vectorBytes: VECTOR_BYTES, write, end: () => {} };
  }
  if (pool === 'globalAverage') {
    const sums = f.locals('v128', finish.atOnce);
    return {
      finish,
      vectorBytes: WIDE_BYTES,
      write(row, column, values) {
        for (const [i, value] of finish.apply(values).entries())
          f.set(sums[i], row + column === 0 ? value : f32x4.add(get(sums[i]), value));
      },
      end(count) {
        for (const [i, sum] of sums.slice(0, count).entries()) emitAddWide(f, plane, i * WIDE_BYTES, sum);
      },
    };
  }
  return { finish, vectorBytes: VECTOR_BYTES, write: store, end: () => {} };
}
