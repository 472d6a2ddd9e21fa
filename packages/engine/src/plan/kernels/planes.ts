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

/** Splits `vectors` channel vectors into passes of at most `most`. */
export function channelPasses(vectors: number, most: number): { first: number; count: number }[] {
  const passes: { first: number; count: number }[] = [];
  for (let first = 0; first < vectors; first += most)
    passes.push({ first, count: Math.min(most, vectors - first) });
  return passes;
}
