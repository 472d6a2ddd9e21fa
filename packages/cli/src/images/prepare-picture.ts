import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { fitDigit } from './fit-digit.js';
import { findInk, type InkColor } from './ink.js';
import type { Picture } from './picture.js';

/**
 * How pictures become what the model sees.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodePicture, type PredictOptions, preparePicture } from '@mnist-kit/cli';
 *
 * const options: PredictOptions = { ink: 'dark' };
 * const picture = decodePicture(await readFile('digit.png'), 'digit.png');
 * const { values } = preparePicture(picture, 'digit.png', 28, options);
 * ```
 */
export interface PredictOptions {
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
 * import { readFile } from 'node:fs/promises';
 * import { decodePicture, type PreparedPicture, preparePicture } from '@mnist-kit/cli';
 *
 * const picture = decodePicture(await readFile('digit.png'), 'digit.png');
 * const { size, notes }: PreparedPicture = preparePicture(picture, 'digit.png', 28);
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
 * @throws DataError for a picture that shows no digit, or does not say which is the digit.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodePicture, preparePicture } from '@mnist-kit/cli';
 *
 * const picture = decodePicture(await readFile('digit.png'), 'digit.png');
 * const { values } = preparePicture(picture, 'digit.png', 28); // 784 values from 0 to 1
 * ```
 */
export function preparePicture(
  picture: Picture,
  name: string,
  size: number,
  { ink: color = 'auto', fit = 'center' }: PredictOptions = {},
): PreparedPicture {
  if (fit !== 'center' && fit !== 'none')
    throw new InvalidArgumentError('fit', "must be 'center' or 'none'", fit);
  if (fit === 'none' && (picture.width !== size || picture.height !== size))
    throw new DataError(
      `${name} is ${picture.width} x ${picture.height} pixels; with --fit none it must be ${size} x ${size}.`,
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
