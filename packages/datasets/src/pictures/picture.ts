/**
 * A picture: what was drawn, from 0 (black) to 1 (white), and how much of it covers its background.
 *
 * @example
 * ```ts
 * import { type Picture, preparePicture } from '@mnist-kit/datasets';
 *
 * // A black bar on white.
 * const luminance = new Float32Array(40 * 40).fill(1);
 * for (let y = 8; y < 32; y++) luminance.fill(0, y * 40 + 18, y * 40 + 22);
 * const picture: Picture = { width: 40, height: 40, luminance };
 * console.log(preparePicture(picture, 'bar', 28).ink === 'dark'); // true
 * ```
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Luminance of each pixel, row by row, 0 to 1. */
  readonly luminance: Float32Array;
  /** Opacity of each pixel, 0 to 1; `undefined` where all are opaque. */
  readonly opacity?: Float32Array;
}
