import type { Code } from '../../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../../wasm/function-builder.js';
import { f32x4, get, i32, type Local, v128 } from '../../../wasm/ops.js';
import type { PlanContext, PlaneLayout } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { storeSideBySide } from '../../kernels/side-by-side.js';
import { LANES, type Machine, VECTOR_BYTES, vectorGroups } from '../../machine.js';
import type { FrequencyLayout, Side, TileGrid, WinogradLayout } from './layout.js';
import { FREQUENCIES, TILE_IN, TILE_OUT, TransformConstants, WinogradTransforms } from './transforms.js';

/** Where a vector lies: an address and bytes behind it. */
interface Place {
  readonly address: Local;
  readonly offset: number;
}

/** Code that loads vector `i` of those from a place on. */
const loadAt = ({ address, offset }: Place, i: number): Code =>
  v128.load(get(address), offset + i * VECTOR_BYTES);

export const storeAt = (f: FunctionBuilder, { address, offset }: Place, values: readonly Code[]): void =>
  storeSideBySide(f, address, offset, values);

/** What the two passes of a transform work with, for some neighbouring vectors at once. */
export class TilePasses {
  /** Per vector: the values of one row or column, and the transform with its registers. */
  readonly #lines: { readonly values: readonly Local[]; readonly transforms: WinogradTransforms }[];

  /** @param square Where rows and columns are exchanged between the passes: a square of vectors in scratch memory. */
  constructor(
    readonly f: FunctionBuilder,
    readonly square: Place,
    factors: readonly number[],
    { atOnce }: Machine,
  ) {
    const constants = new TransformConstants(f, factors);
    this.#lines = Array.from({ length: atOnce }, () => ({
      values: f.locals('v128', TILE_IN),
      transforms: new WinogradTransforms(f, constants),
    }));
    constants.setup();
  }

  /**
   * Emits a two-dimensional transform of `count` neighbouring vectors: `one` along the columns, then along the rows.
   *
   * @param size Values along a side before and after.
   */
  emit(
    count: number,
    size: { from: number; to: number },
    one: Transform,
    read: (row: number, column: number) => Place,
    write: (row: number, column: number, values: readonly Code[]) => void,
  ): void {
    for (let column = 0; column < size.from; column++)
      this.#line(
        count,
        size.from,
        one,
        (row) => read(row, column),
        (row, values) => storeAt(this.f, this.#cell(count, row, column), values),
      );
    for (let row = 0; row < size.to; row++)
      this.#line(
        count,
        size.from,
        one,
        (column) => this.#cell(count, row, column),
        (column, values) => write(row, column, values),
      );
  }

  /** Every count of vectors has a square of its own, so that no store of one hides a neighbour of the other. */
  #cell(count: number, row: number, column: number): Place {
    const atOnce = this.#lines.length;
    const cell = ((atOnce - count) * FREQUENCIES + row * TILE_IN + column) * atOnce;
    return { ...this.square, offset: this.square.offset + cell * VECTOR_BYTES };
  }

  #line(
    count: number,
    length: number,
    one: Transform,
    read: (i: number) => Place,
    write: (i: number, values: readonly Code[]) => void,
  ): void {
    const lines = this.#lines.slice(0, count);
    for (let i = 0; i < length; i++)
      for (const [vector, { values }] of lines.entries()) this.f.set(values[i], loadAt(read(i), vector));
    const results = lines.map(({ values, transforms }) => one(transforms, values.slice(0, length)));
    for (const i of results[0].keys())
      write(
        i,
        results.map((result) => result[i]),
      );
  }
}

type Transform = (transforms: WinogradTransforms, values: readonly Local[]) => Code[];

/** Emits loops over an image's tiles and channel vectors around `body`, which handles `count` vectors. */
function forEachTile(
  f: FunctionBuilder,
  machine: Machine,
  grid: TileGrid,
  vectors: number,
  plane: { local: Local; layout: PlaneLayout },
  frequencies: { local: Local; layout: FrequencyLayout },
  body: (count: number) => void,
): void {
  const [row, column, vector] = f.locals('i32', 3);
  const step = TILE_OUT * plane.layout.pixelBytes;
  f.repeat(row, grid.rows, () => {
    f.repeat(column, grid.columns, () => {
      forEachVector(f, machine, vectors, vector, [plane.local, frequencies.local], body);
      f.advance(plane.local, step - vectors * VECTOR_BYTES);
      f.advance(frequencies.local, frequencies.layout.tileBytes - vectors * VECTOR_BYTES);
    });
    f.advance(plane.local, TILE_OUT * plane.layout.rowBytes - grid.columns * step);
  });
}

/** Emits a loop over vectors that lie side by side; `body` handles `count` of them, then the pointers move on. */
export function forEachVector(
  f: FunctionBuilder,
  machine: Machine,
  vectors: number,
  counter: Local,
  pointers: readonly Local[],
  body: (count: number) => void,
): void {
  for (const { count, times } of vectorGroups(machine, vectors))
    f.repeat(counter, times, () => {
      body(count);
      for (const pointer of pointers) f.advance(pointer, count * VECTOR_BYTES);
    });
}

/** Offset of frequency (row, column) of a tile. */
export const frequencyOffset = ({ frequencyBytes }: FrequencyLayout, row: number, column: number): number =>
  (row * TILE_IN + column) * frequencyBytes;

/** Offset of pixel (row, column) of a tile. */
export const pixelOffset = ({ rowBytes, pixelBytes }: PlaneLayout, row: number, column: number): number =>
  row * rowBytes + column * pixelBytes;

/** A transform of all tiles of one image: what it does along one dimension, and where it reads and writes. */
interface TileTransform {
  readonly name: string;
  readonly side: Side;
  readonly factors: readonly number[];
  readonly size: { readonly from: number; readonly to: number };
  readonly one: Transform;
  /** From a plane to its frequencies, or back: what is there is added to, because tiles overlap. */
  readonly to: 'frequencies' | 'plane';
}

/** A function `(scratch, plane, frequencies)` that transforms the tiles of one image. */
function emitTransform(
  context: PlanContext,
  layout: Pick<WinogradLayout, 'grid' | 'square'>,
  t: TileTransform,
): FunctionRef {
  const { machine, module } = context;
  return module.function(t.name, ['i32', 'i32', 'i32'], [], (f, [scratch, plane, frequencies]) => {
    const passes = new TilePasses(f, { address: scratch, offset: layout.square }, t.factors, machine);
    const inPlane = (row: number, column: number): Place => ({
      address: plane,
      offset: pixelOffset(t.side.plane, row, column),
    });
    const inFrequencies = (row: number, column: number): Place => ({
      address: frequencies,
      offset: frequencyOffset(t.side.frequencies, row, column),
    });
    const sums = f.locals('v128', machine.atOnce);
    const write = (row: number, column: number, values: readonly Code[]) => {
      if (t.to === 'frequencies') {
        storeAt(f, inFrequencies(row, column), values);
        return;
      }
      const place = inPlane(row, column);
      for (const [i, value] of values.entries()) f.set(sums[i], f32x4.add(loadAt(place, i), value));
      storeAt(f, place, sums.slice(0, values.length).map(get));
    };
    forEachTile(
      f,
      machine,
      layout.grid,
      t.side.padded / LANES,
      { local: plane, layout: t.side.plane },
      { local: frequencies, layout: t.side.frequencies },
      (count) => passes.emit(count, t.size, t.one, t.to === 'plane' ? inFrequencies : inPlane, write),
    );
  });
}

/** `B^T d B` of every overlapping 6 x 6 tile of the padded input. */
export function emitInputTiles(
  context: PlanContext,
  stage: Stage,
  layout: Pick<WinogradLayout, 'grid' | 'square' | 'input'>,
): FunctionRef {
  return emitTransform(context, layout, {
    name: `input tiles ${stage.name}`,
    side: layout.input,
    factors: [2, 4, 5],
    size: { from: TILE_IN, to: TILE_IN },
    one: (transforms, d) => transforms.input(d),
    to: 'frequencies',
  });
}

/** `A y A^T` of every 4 x 4 tile of the output's gradient. */
export function emitGradientTiles(context: PlanContext, stage: Stage, layout: WinogradLayout): FunctionRef {
  return emitTransform(context, layout, {
    name: `gradient tiles ${stage.name}`,
    side: layout.output,
    factors: [2, 4, 8],
    size: { from: TILE_OUT, to: TILE_IN },
    one: (transforms, y) => transforms.outputTransposed(y),
    to: 'frequencies',
  });
}

/** Adds `B m B^T` of every tile to the padded plane of the input's gradient; tiles overlap. */
export function emitOverlapAdd(context: PlanContext, stage: Stage, layout: WinogradLayout): FunctionRef {
  return emitTransform(context, layout, {
    name: `overlap ${stage.name}`,
    side: layout.input,
    factors: [2, 4, 5, -5],
    size: { from: TILE_IN, to: TILE_IN },
    one: (transforms, m) => transforms.inputTransposed(m),
    to: 'plane',
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
  const { machine } = context;
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
        const passes = new TilePasses(f, { address: scratch, offset: square }, [2, 4, 8], machine);
        f.while(get(tiles), () => {
          forEachVector(f, machine, vectors, vector, [plane, frequencies], (count) =>
            passes.emit(
              count,
              { from: TILE_IN, to: rows },
              (transforms, m) => transforms.output(m),
              (r, c) => ({ address: frequencies, offset: frequencyOffset(frequencyLayout, r, c) }),
              (r, c, values) => {
                if (c < columns)
                  storeAt(f, { address: plane, offset: pixelOffset(planeLayout, r, c) }, values);
              },
            ),
          );
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
