import { checkOptionNames, DataError, InvalidArgumentError } from '@mnist-kit/core';
import { fitDigit } from './fit-digit.js';
import { findInk, type InkColor } from './ink.js';
import type { Picture } from './picture.js';

/**
 * How pictures become what the model sees.
 *
 * @example
 * ```ts
 * import { preparePicture, type PreparePictureOptions } from '@mnist-kit/datasets';
 *
 * // A black bar on white.
 * const luminance = new Float32Array(40 * 40).fill(1);
 * for (let y = 8; y < 32; y++) luminance.fill(0, y * 40 + 18, y * 40 + 22);
 * const options: PreparePictureOptions = { ink: 'dark' };
 * const { values } = preparePicture({ width: 40, height: 40, luminance }, 'a bar', 28, options);
 * ```
 */
export interface PreparePictureOptions {
  /** Whether the digit is `dark` on light or `light` on dark. Default: `auto`, as the picture looks. */
  readonly ink?: InkColor;
  /** `center` (default) puts the digit where MNIST's are; `none` takes a picture of the model's size as it is. */
  readonly fit?: 'center' | 'none';
}

/**
 * A picture as the model sees it.
 *
 * @example
 * ```ts
 * import { type PreparedPicture, preparePicture } from '@mnist-kit/datasets';
 *
 * // A black bar on white.
 * const luminance = new Float32Array(40 * 40).fill(1);
 * for (let y = 8; y < 32; y++) luminance.fill(0, y * 40 + 18, y * 40 + 22);
 * const { size, notes }: PreparedPicture = preparePicture({ width: 40, height: 40, luminance }, 'a bar', 28);
 * console.log(size, notes.length); // 28 0
 * ```
 */
export interface PreparedPicture {
  /** Ink from 0 to 1, `size x size`. */
  readonly values: Float32Array;
  readonly size: number;
  readonly ink: 'dark' | 'light';
  readonly notes: readonly string[];
}

/**
 * Prepares a picture for a model of square grey images: finds the digit and puts it where MNIST's are.
 *
 * @param picture A picture of any size: a decoded file, or what was drawn on a canvas.
 * @param name What errors call it.
 * @param size Height and width of the model's images.
 * @throws InvalidArgumentError for options that there are not; DataError for a picture that shows no digit, or does not say which is the digit.
 *
 * @example
 * ```ts
 * import { preparePicture } from '@mnist-kit/datasets';
 *
 * // A black bar on white.
 * const luminance = new Float32Array(40 * 40).fill(1);
 * for (let y = 8; y < 32; y++) luminance.fill(0, y * 40 + 18, y * 40 + 22);
 * const { values } = preparePicture({ width: 40, height: 40, luminance }, 'a bar', 28); // 784 values from 0 to 1
 * ```
 */
export function preparePicture(
  picture: Picture,
  name: string,
  size: number,
  options: PreparePictureOptions = {},
): PreparedPicture {
  checkOptionNames<PreparePictureOptions>('preparePicture', options, { ink: true, fit: true });
  const { ink: color = 'auto', fit = 'center' } = options;
  if (fit !== 'center' && fit !== 'none')
    throw new InvalidArgumentError('fit', "must be 'center' or 'none'", fit);
  if (fit === 'none' && (picture.width !== size || picture.height !== size))
    throw new DataError(
      `${name} is ${picture.width} x ${picture.height} pixels; with fit: 'none' it must be ${size} x ${size}.`,
    );
  const ink = findInk(picture, name, color);
  const tone = ink.dark ? 'dark' : 'light';
  if (fit === 'center') return { ...fitDigit(ink, name, { size }), ink: tone };
  const values = picture.luminance.map((value, i) => {
    const opacity = picture.opacity?.[i] ?? 1;
    return opacity * (ink.dark ? 1 - value : value);
  });
  return { values, size, ink: tone, notes: [] };
}
