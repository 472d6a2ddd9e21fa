import type { Code } from '../../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { LANES, VECTOR_BYTES } from '../../machine.js';
import type { FrequencyLayout, Side, TileGrid, WinogradLayout } from './layout.js';
import { TILE_IN, TILE_OUT, WinogradTransforms } from './transforms.js';

/** A square of vectors in scratch memory, where rows and columns are exchanged between the two passes. */
class Square {
  constructor(
    readonly scratch: Local,
    readonly offset: number,
  ) {}

  load(row: number, column: number): Code {
    return v128.load(get(this.scratch), this.offset + (row * TILE_IN + column) * VECTOR_BYTES);
  }

  store(row: number, column: number, value: Code): Code {
    return v128.store(get(this.scratch), value, this.offset + (row * TILE_IN + column) * VECTOR_BYTES);
  }
}

/**
 * Emits the two passes of a two-dimensional transform: `one` along the columns, then along the rows.
 *
 * @param size Values along a side before and after.
 * @param read Code that loads value (row, column) of the input.
 * @param write Code that stores value (row, column) of the result.
 */
function emitTwoPasses(
  f: FunctionBuilder,
  square: Square,
  values: readonly Local[],
  size: { from: number; to: number },
  one: (values: readonly Local[]) => Code[],
  read: (row: number, column: number) => Code,
  write: (row: number, column: number, value: Code) => void,
): void {
  const inputs = values.slice(0, size.from);
  for (let column = 0; column < size.from; column++) {
    for (let row = 0; row < size.from; row++) f.set(inputs[row], read(row, column));
    for (const [row, value] of one(inputs).entries()) f.emit(square.store(row, column, value));
  }
  for (let row = 0; row < size.to; row++) {
    for (let column = 0; column < size.from; column++) f.set(inputs[column], square.load(row, column));
    for (const [column, value] of one(inputs).entries()) write(row, column, value);
  }
}

/** Emits loops over an image's tiles and channel vectors around `body`. */
function forEachTile(
  f: FunctionBuilder,
  grid: TileGrid,
  vectors: number,
  plane: { local: Local; layout: PlaneLayout },
  frequencies: { local: Local; layout: FrequencyLayout },
  body: () => void,
): void {
  const [row, column, vector] = f.locals('i32', 3);
  const step = TILE_OUT * plane.layout.pixelBytes;
  f.repeat(row, grid.rows, () => {
    f.repeat(column, grid.columns, () => {
      f.repeat(vector, vectors, () => {
        body();
        f.advance(plane.local, VECTOR_BYTES);
        f.advance(frequencies.local, VECTOR_BYTES);
      });
      f.advance(plane.local, step - vectors * VECTOR_BYTES);
      f.advance(frequencies.local, frequencies.layout.tileBytes - vectors * VECTOR_BYTES);
    });
    f.advance(plane.local, TILE_OUT * plane.layout.rowBytes - grid.columns * step);
  });
}

/** Offset of frequency (row, column) of a tile. */
const frequencyOffset = ({ frequencyBytes }: FrequencyLayout, row: number, column: number): number =>
  (row * TILE_IN + column) * frequencyBytes;

/** Offset of pixel (row, column) of a tile. */
const pixelOffset = ({ rowBytes, pixelBytes }: PlaneLayout, row: number, column: number): number =>
  row * rowBytes + column * pixelBytes;

/** A transform of all tiles of one image: what it does along one dimension, and where it reads and writes. */
interface TileTransform {
  readonly name: string;
  readonly side: Side;
  readonly factors: readonly number[];
  readonly size: { readonly from: number; readonly to: number };
  one(transforms: WinogradTransforms, values: readonly Local[]): Code[];
  read(plane: Local, frequencies: Local, row: number, column: number): Code;
  write(plane: Local, frequencies: Local, row: number, column: number, value: Code): Code;
}

/** A function `(scratch, plane, frequencies)` that transforms the tiles of one image. */
function emitTransform(context: PlanContext, layout: WinogradLayout, t: TileTransform): FunctionRef {
  return context.module.function(t.name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const transforms = new WinogradTransforms(f, t.factors);
    const values = f.locals('v128', TILE_IN);
    transforms.setup();
    forEachTile(
      f,
      layout.grid,
      t.side.padded / LANES,
      { local: plane, layout: t.side.plane },
      { local: frequencies, layout: t.side.frequencies },
      () =>
        emitTwoPasses(
          f,
          new Square(scratch, layout.square),
          values,
          t.size,
          (inputs) => t.one(transforms, inputs),
          (row, column) => t.read(plane, frequencies, row, column),
          (row, column, value) => f.emit(t.write(plane, frequencies, row, column, value)),
        ),
    );
  });
}

/** From a plane to its frequencies. */
const analysis = (side: Side) => ({
  side,
  read: (plane: Local, _: Local, row: number, column: number) =>
    v128.load(get(plane), pixelOffset(side.plane, row, column)),
  write: (_: Local, frequencies: Local, row: number, column: number, value: Code) =>
    v128.store(get(frequencies), value, frequencyOffset(side.frequencies, row, column)),
});

/** `B^T d B` of every overlapping 6 x 6 tile of the padded input. */
export function emitInputTiles(context: PlanContext, stage: Stage, layout: WinogradLayout): FunctionRef {
  return emitTransform(context, layout, {
    name: `input tiles ${stage.name}`,
    ...analysis(layout.input),
    factors: [2, 4, 5],
    size: { from: TILE_IN, to: TILE_IN },
    one: (transforms, d) => transforms.input(d),
  });
}

/** `A y A^T` of every 4 x 4 tile of the output's gradient. */
export function emitGradientTiles(context: PlanContext, stage: Stage, layout: WinogradLayout): FunctionRef {
  return emitTransform(context, layout, {
    name: `gradient tiles ${stage.name}`,
    ...analysis(layout.output),
    factors: [2, 4, 8],
    size: { from: TILE_OUT, to: TILE_IN },
    one: (transforms, y) => transforms.outputTransposed(y),
  });
}

/** Adds `B m B^T` of every tile to the padded plane of the input's gradient; tiles overlap. */
export function emitOverlapAdd(context: PlanContext, stage: Stage, layout: WinogradLayout): FunctionRef {
  const { plane: planeLayout, frequencies: frequencyLayout } = layout.input;
  return emitTransform(context, layout, {
    name: `overlap ${stage.name}`,
    side: layout.input,
    factors: [2, 4, 5, -5],
    size: { from: TILE_IN, to: TILE_IN },
    one: (transforms, m) => transforms.inputTransposed(m),
    read: (_, frequencies, row, column) =>
      v128.load(get(frequencies), frequencyOffset(frequencyLayout, row, column)),
    write: (plane, _, row, column, value) => {
      const offset = pixelOffset(planeLayout, row, column);
      return v128.store(get(plane), f32x4.add(v128.load(get(plane), offset), value), offset);
    },
  });
}

/**
 * A function `(scratch, plane, frequencies)`: `A^T m A` of every tile into a plane without padding; what falls
 * over its edges is left out.
 */
export function emitOutputTiles(
  context: PlanContext,
  stage: Stage,
  layout: WinogradLayout,
  planeLayout: PlaneLayout,
): FunctionRef {
  const { grid, square, output } = layout;
  const vectors = output.padded / LANES;
  const { frequencies: frequencyLayout } = output;
  const name = `output tiles ${stage.name}`;

  /** `(scratch, plane, frequencies, tiles)`: tiles side by side with `rows x columns` values in the plane. */
  const emitStrip = (rows: number, columns: number) =>
    context.module.function(
      `${name} ${rows}x${columns}`,
      ['i32', 'i32', 'i32', 'i32'],
      [],
      (f, [scratch, plane, frequencies, tiles]) => {
        const vector = f.local('i32');
        const transforms = new WinogradTransforms(f, [2, 4, 8]);
        const values = f.locals('v128', TILE_IN);
        transforms.setup();
        f.while(get(tiles), () => {
          f.repeat(vector, vectors, () => {
            emitTwoPasses(
              f,
              new Square(scratch, square),
              values,
              { from: TILE_IN, to: rows },
              (m) => transforms.output(m),
              (r, c) => v128.load(get(frequencies), frequencyOffset(frequencyLayout, r, c)),
              (r, c, value) => {
                if (c < columns) f.emit(v128.store(get(plane), value, pixelOffset(planeLayout, r, c)));
              },
            );
            f.advance(plane, VECTOR_BYTES);
            f.advance(frequencies, VECTOR_BYTES);
          });
          f.advance(plane, TILE_OUT * planeLayout.pixelBytes - vectors * VECTOR_BYTES);
          f.advance(frequencies, frequencyLayout.tileBytes - vectors * VECTOR_BYTES);
          f.advance(tiles, -1);
        });
      },
    );
  const strips = new Map<string, FunctionRef>();
  const stripOf = (rows: number, columns: number) => {
    const key = `${rows}x${columns}`;
    const strip = strips.get(key) ?? emitStrip(rows, columns);
    strips.set(key, strip);
    return strip;
  };
  const lastRows = stage.raw.height - (grid.rows - 1) * TILE_OUT;
  const lastColumns = stage.raw.width - (grid.columns - 1) * TILE_OUT;
  const whole = grid.columns - 1;
  return context.module.function(name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const row = f.local('i32');
    for (const { count, rows } of [
      { count: grid.rows - 1, rows: TILE_OUT },
      { count: 1, rows: lastRows },
    ])
      f.repeat(row, count, () => {
        if (whole > 0)
          f.call(stripOf(rows, TILE_OUT), get(scratch), get(plane), get(frequencies), i32.const(whole));
        f.call(
          stripOf(rows, lastColumns),
          get(scratch),
          i32.add(get(plane), i32.const(whole * TILE_OUT * planeLayout.pixelBytes)),
          i32.add(get(frequencies), i32.const(whole * frequencyLayout.tileBytes)),
          i32.const(1),
        );
        f.advance(plane, TILE_OUT * planeLayout.rowBytes);
        f.advance(frequencies, grid.columns * frequencyLayout.tileBytes);
      });
  });
}
