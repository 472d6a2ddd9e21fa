import type { Pixels } from '../pixels.js';
import type { Image, ImageSize } from './image.js';
import { sizeOf } from './image.js';

/**
 * Six numbers (a, b, c, d, e, f): output pixel (x, y) comes from (a x + b y + c, d x + e y + f).
 *
 * @example
 * ```ts
 * import type { Matrix } from '@mnist-kit/datasets';
 *
 * const shift: Matrix = [1, 0, 3, 0, 1, 0]; // x + 3, y
 * ```
 */
export type Matrix = readonly [number, number, number, number, number, number];

/**
 * How to move pixels to the nearest place, ready to be carried out: plain numbers, so that a worker thread
 * can do it.
 *
 * @example
 * ```ts
 * import type { Resample } from '@mnist-kit/datasets';
 *
 * const shift: Resample = { mode: 1, coefficients: [1, 0, 3, 0, 1, 0] };
 * ```
 */
export interface Resample {
  /**
   * 0: leave the image as it is. 1: coordinates in 16.16 fixed point. 2: coordinates in float64.
   */
  readonly mode: 0 | 1 | 2;
  /** The matrix with the half pixel of the output's centre added in; integers in mode 1. */
  readonly coefficients: Matrix;
}

/** Leaves the image as it is. */
export const unchanged: Resample = { mode: 0, coefficients: [1, 0, 0, 0, 1, 0] };

const { abs, floor } = Math;

/**
 * Chooses the arithmetic that Pillow's `Image.transform(AFFINE, NEAREST)` chooses: float64 where the axes do
 * not mix, 16.16 fixed point where all corners fit it, else float64. Which one it is shows in the pixels.
 */
export function resampleBy(matrix: Matrix, { width, height }: ImageSize): Resample {
  const [a, b, c, d, e, f] = matrix;
  const fits = (x: number, y: number) => abs(x * a + y * b + c) < 32768 && abs(x * d + y * e + f) < 32768;
  const axesMix = b !== 0 || d !== 0;
  if (axesMix && fits(0, 0) && fits(width, height) && fits(0, height) && fits(width, 0)) {
    const fixed = (value: number) => floor(value * 65536 + 0.5);
    return {
      mode: 1,
      coefficients: [
        fixed(a),
        fixed(b),
        fixed(c + a * 0.5 + b * 0.5),
        fixed(d),
        fixed(e),
        fixed(f + d * 0.5 + e * 0.5),
      ],
    };
  }
  return { mode: 2, coefficients: [a, b, c + b * 0.5 + a * 0.5, d, e, f + e * 0.5 + d * 0.5] };
}

/** Carries out one operation on one image; places that come from outside become 0. */
export function applyResample<P extends Pixels>(image: Image<P>, operation: Resample): Image<P> {
  const { width, height, channels } = sizeOf(image);
  const { data } = image;
  const out = (
    data instanceof Float32Array ? new Float32Array(data.length) : new Uint8Array(data.length)
  ) as P;
  if (operation.mode === 0) {
    out.set(data);
    return { ...image, data: out };
  }
  const [a, b, c, d, e, f] = operation.coefficients;
  const unit = operation.mode === 1 ? 65536 : 1;
  let rowX = c;
  let rowY = f;
  for (let y = 0, to = 0; y < height; y++) {
    let x = rowX;
    let v = rowY;
    for (let column = 0; column < width; column++, to += channels) {
      // Negative fractions are outside, so the range is checked before the fraction is cut off.
      if (x >= 0 && x < width * unit && v >= 0 && v < height * unit) {
        const from = (floor(v / unit) * width + floor(x / unit)) * channels;
        for (let channel = 0; channel < channels; channel++) out[to + channel] = data[from + channel];
      }
      x += a;
      v += d;
    }
    rowX += b;
    rowY += e;
  }
  return { ...image, data: out };
}
