import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { checkPixels, type Pixels } from '../pixels.js';

/**
 * One image, rows from the top, the channels of a pixel side by side.
 *
 * @example
 * ```ts
 * import { type Image, rotate } from '@mnist-kit/datasets';
 *
 * const image: Image = { data: new Uint8Array(28 * 28), width: 28, height: 28 };
 * const turned = rotate(image, 10);
 * ```
 */
export interface Image<P extends Pixels = Uint8Array> {
  /** `height x width x channels` values. */
  readonly data: P;
  readonly width: number;
  readonly height: number;
  /** Values per pixel. Default: 1. */
  readonly channels?: number;
}

/**
 * Width and height in pixels, and values per pixel.
 *
 * @example
 * ```ts
 * import type { ImageSize } from '@mnist-kit/datasets';
 *
 * const size: ImageSize = { width: 28, height: 28, channels: 1 };
 * ```
 */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/**
 * The size of an image whose fields fit each other.
 *
 * @throws InvalidArgumentError when a size is not a positive integer or `data` is of another kind.
 * @throws DataError when `data` has another length than the sizes say.
 */
export function sizeOf(image: Image<Pixels>): ImageSize {
  if (image === null || typeof image !== 'object')
    throw new InvalidArgumentError('image', 'must be an image, { data, width, height }', image);
  const { data, width, height, channels = 1 } = image;
  for (const [name, value] of Object.entries({ width, height, channels }))
    if (!Number.isInteger(value) || value < 1)
      throw new InvalidArgumentError(`image.${name}`, 'must be a positive integer', value);
  checkPixels('image.data', data);
  if (data.length !== width * height * channels)
    throw new DataError(
      `An image of ${width} x ${height} pixels with ${channels} channels needs ${width * height * channels} values, received ${data.length}.`,
    );
  return { width, height, channels };
}
