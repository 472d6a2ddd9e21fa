import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../context.js';
import type { PlaneShape } from '../graph/stage.js';
import { TILE_IN, TILE_OUT, WinogradTransforms } from '../kernels/winograd.js';

/** The grid of tiles over one image's output. */
export interface TileGrid {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
}

export function tileGrid(output: PlaneShape): TileGrid {
  const rows = Math.ceil(output.height / TILE_OUT);
  const columns = Math.ceil(output.width / TILE_OUT);
  return { rows, columns, count: rows * columns };
}

/** How a tile's values lie in the frequency domain: `[frequency][tile][channel]`. */
export interface FrequencyLayout {
  readonly tileBytes: number;
  readonly frequencyBytes: number;
}

/** A square of vectors in scratch memory, where rows and columns are exchanged between the two passes. */
class Square {
  constructor(
    readonly scratch: Local,
    readonly offset: number,
  ) {}

  load(row: number, column: number): Code {
    return v128.load(get(this.scratch), this.offset + (row * TILE_IN + column) * 16);
  }

  store(row: number, column: number, value: Code): Code {
    return v128.store(get(this.scratch), value, this.offset + (row * TILE_IN + column) * 16);
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
        f.advance(plane.local, 16);
        f.advance(frequencies.local, 16);
      });
      f.advance(plane.local, step - vectors * 16);
      f.advance(frequencies.local, frequencies.layout.tileBytes - vectors * 16);
    });
    f.advance(plane.local, TILE_OUT * plane.layout.rowBytes - grid.columns * step);
  });
}

interface TileFunction {
  readonly context: PlanContext;
  readonly name: string;
  readonly grid: TileGrid;
  readonly vectors: number;
  readonly plane: PlaneLayout;
  readonly frequencies: FrequencyLayout;
  /** Offset in scratch memory of the square between the passes. */
  readonly square: number;
}

/** `(scratch, plane, frequencies)`: `B^T d B` of every overlapping 6 x 6 tile of a padded plane. */
export function emitInputTiles(t: TileFunction): FunctionRef {
  return t.context.module.function(t.name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const transforms = new WinogradTransforms(f, [2, 4, 5]);
    const values = f.locals('v128', TILE_IN);
    transforms.setup();
    forEachTile(
      f,
      t.grid,
      t.vectors,
      { local: plane, layout: t.plane },
      { local: frequencies, layout: t.frequencies },
      () =>
        emitTwoPasses(
          f,
          new Square(scratch, t.square),
          values,
          { from: TILE_IN, to: TILE_IN },
          (d) => transforms.input(d),
          (r, c) => v128.load(get(plane), r * t.plane.rowBytes + c * t.plane.pixelBytes),
          (r, c, value) =>
            f.emit(v128.store(get(frequencies), value, (r * TILE_IN + c) * t.frequencies.frequencyBytes)),
        ),
    );
  });
}

/** `(scratch, plane, frequencies)`: `A y A^T` of every 4 x 4 tile of a plane of gradients. */
export function emitGradientTiles(t: TileFunction): FunctionRef {
  return t.context.module.function(t.name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const transforms = new WinogradTransforms(f, [2, 4, 8]);
    const values = f.locals('v128', TILE_IN);
    transforms.setup();
    forEachTile(
      f,
      t.grid,
      t.vectors,
      { local: plane, layout: t.plane },
      { local: frequencies, layout: t.frequencies },
      () =>
        emitTwoPasses(
          f,
          new Square(scratch, t.square),
          values,
          { from: TILE_OUT, to: TILE_IN },
          (y) => transforms.outputTransposed(y),
          (r, c) => v128.load(get(plane), r * t.plane.rowBytes + c * t.plane.pixelBytes),
          (r, c, value) =>
            f.emit(v128.store(get(frequencies), value, (r * TILE_IN + c) * t.frequencies.frequencyBytes)),
        ),
    );
  });
}

/** `(scratch, plane, frequencies)`: adds `B m B^T` of every tile to a padded plane; tiles overlap. */
export function emitOverlapAdd(t: TileFunction): FunctionRef {
  return t.context.module.function(t.name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const transforms = new WinogradTransforms(f, [2, 4, 5, -5]);
    const values = f.locals('v128', TILE_IN);
    transforms.setup();
    forEachTile(
      f,
      t.grid,
      t.vectors,
      { local: plane, layout: t.plane },
      { local: frequencies, layout: t.frequencies },
      () =>
        emitTwoPasses(
          f,
          new Square(scratch, t.square),
          values,
          { from: TILE_IN, to: TILE_IN },
          (m) => transforms.inputTransposed(m),
          (r, c) => v128.load(get(frequencies), (r * TILE_IN + c) * t.frequencies.frequencyBytes),
          (r, c, value) => {
            const offset = r * t.plane.rowBytes + c * t.plane.pixelBytes;
            f.emit(v128.store(get(plane), f32x4.add(v128.load(get(plane), offset), value), offset));
          },
        ),
    );
  });
}

/**
 * `(scratch, plane, frequencies)`: `A^T m A` of every tile into an unpadded plane of the given size; what
 * falls over its edges is left out.
 */
export function emitOutputTiles(t: TileFunction & { readonly output: PlaneShape }): FunctionRef {
  const { output, grid } = t;
  /** One tile of `rows x columns` values that lie inside the plane. */
  const emitTile = (
    f: FunctionBuilder,
    transforms: WinogradTransforms,
    values: readonly Local[],
    locals: { scratch: Local; plane: Local; frequencies: Local },
    inside: { rows: number; columns: number },
  ) =>
    emitTwoPasses(
      f,
      new Square(locals.scratch, t.square),
      values,
      { from: TILE_IN, to: inside.rows },
      (m) => transforms.output(m),
      (r, c) => v128.load(get(locals.frequencies), (r * TILE_IN + c) * t.frequencies.frequencyBytes),
      (r, c, value) => {
        if (c < inside.columns)
          f.emit(v128.store(get(locals.plane), value, r * t.plane.rowBytes + c * t.plane.pixelBytes));
      },
    );
  const lastRows = output.height - (grid.rows - 1) * TILE_OUT;
  const lastColumns = output.width - (grid.columns - 1) * TILE_OUT;

  /** `(scratch, plane, frequencies, tiles)`: `tiles` tiles side by side, all of one kind. */
  const strip = (inside: { rows: number; columns: number }) =>
    t.context.module.function(
      `${t.name} ${inside.rows}x${inside.columns}`,
      ['i32', 'i32', 'i32', 'i32'],
      [],
      (f, [scratch, plane, frequencies, tiles]) => {
        const vector = f.local('i32');
        const transforms = new WinogradTransforms(f, [2, 4, 8]);
        const values = f.locals('v128', TILE_IN);
        transforms.setup();
        f.while(get(tiles), () => {
          f.repeat(vector, t.vectors, () => {
            emitTile(f, transforms, values, { scratch, plane, frequencies }, inside);
            f.advance(plane, 16);
            f.advance(frequencies, 16);
          });
          f.advance(plane, TILE_OUT * t.plane.pixelBytes - t.vectors * 16);
          f.advance(frequencies, t.frequencies.tileBytes - t.vectors * 16);
          f.advance(tiles, -1);
        });
      },
    );
  const strips = new Map<string, FunctionRef>();
  const stripOf = (rows: number, columns: number) => {
    const key = `${rows}x${columns}`;
    const known = strips.get(key) ?? strip({ rows, columns });
    strips.set(key, known);
    return known;
  };
  const rowKinds = [
    ...(grid.rows > 1 ? [{ first: 0, count: grid.rows - 1, rows: TILE_OUT }] : []),
    { first: grid.rows - 1, count: 1, rows: lastRows },
  ];
  return t.context.module.function(t.name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const row = f.local('i32');
    for (const kind of rowKinds)
      f.repeat(row, kind.count, () => {
        const whole = grid.columns - 1;
        if (whole > 0)
          f.call(stripOf(kind.rows, TILE_OUT), get(scratch), get(plane), get(frequencies), i32.const(whole));
        f.call(
          stripOf(kind.rows, lastColumns),
          get(scratch),
          i32.add(get(plane), i32.const(whole * TILE_OUT * t.plane.pixelBytes)),
          i32.add(get(frequencies), i32.const(whole * t.frequencies.tileBytes)),
          i32.const(1),
        );
        f.advance(plane, TILE_OUT * t.plane.rowBytes);
        f.advance(frequencies, grid.columns * t.frequencies.tileBytes);
      });
  });
}
