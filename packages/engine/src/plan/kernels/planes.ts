import type { FunctionBuilder } from '../../wasm/function-builder.js';
import type { Local } from '../../wasm/ops.js';

/** A pointer that walks over the pixels of a plane. */
export interface PlanePointer {
  readonly local: Local;
  /** Bytes from one visited pixel to the next. */
  readonly pixelBytes: number;
  /** Bytes from the start of one visited row to the start of the next. */
  readonly rowBytes: number;
}

/** Visits the pixels of a `height x width` plane row by row; all pointers advance together. */
export function forEachPixel(
  f: FunctionBuilder,
  height: number,
  width: number,
  pointers: readonly PlanePointer[],
  body: () => void,
): void {
  const [row, column] = f.locals('i32', 2);
  f.repeat(row, height, () => {
    f.repeat(column, width, () => {
      body();
      for (const pointer of pointers) f.advance(pointer.local, pointer.pixelBytes);
    });
    for (const pointer of pointers) f.advance(pointer.local, pointer.rowBytes - width * pointer.pixelBytes);
  });
}

/** Pixels whose sum may be taken in float32 before it is added in float64. */
const BLOCK_PIXELS = 112;

/** Rows of the blocks that {@link forEachBlock} makes. */
export function rowsOfBlock(height: number, width: number): number {
  let rows = Math.max(1, Math.min(height, Math.floor(BLOCK_PIXELS / width)));
  while (height % rows) rows--;
  return rows;
}

/**
 * Visits the pixels as {@link forEachPixel} does and runs `after` behind every block of a few whole rows: sums
 * of a block lose few digits in float32, and only their totals need more.
 */
export function forEachBlock(
  f: FunctionBuilder,
  height: number,
  width: number,
  pointers: readonly PlanePointer[],
  body: () => void,
  after: () => void,
): void {
  const rows = rowsOfBlock(height, width);
  f.repeat(f.local('i32'), height / rows, () => {
    forEachPixel(f, rows, width, pointers, body);
    after();
  });
}
