import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, i32 } from '../../wasm/ops.js';
import type { PlanePointer } from './planes.js';

/** How many of a row's pixels are handled at once, at most `most`, so that the blocks cover little more than the row. */
export const pixelsAtOnce = (width: number, most: number): number =>
  Math.ceil(width / Math.ceil(width / most));

/**
 * Visits the pixels of a `height x width` plane row by row, `pixels` neighbours at once; all pointers advance together.
 * The last block of a row starts early enough to end with it, so that some pixels are visited twice.
 */
export function forEachPixelBlock(
  f: FunctionBuilder,
  height: number,
  width: number,
  pixels: number,
  pointers: readonly PlanePointer[],
  body: () => void,
): void {
  const [y, x] = f.locals('i32', 2);
  const blocks = Math.ceil(width / pixels);
  const twice = blocks * pixels - width;
  const advance = (by: (pointer: PlanePointer) => number) => {
    for (const pointer of pointers) f.advance(pointer.local, by(pointer));
  };
  f.repeat(y, height, () => {
    f.repeat(x, blocks, () => {
      body();
      advance(({ pixelBytes }) => pixels * pixelBytes);
      if (twice > 0)
        f.if(i32.eq(get(x), i32.const(blocks - 2)), () => advance(({ pixelBytes }) => -twice * pixelBytes));
    });
    advance(({ pixelBytes, rowBytes }) => rowBytes - width * pixelBytes);
  });
}
