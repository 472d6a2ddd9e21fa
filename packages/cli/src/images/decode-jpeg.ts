import { DataError } from '@mnist-kit/core';
import type { Picture } from '@mnist-kit/datasets';
import jpeg from 'jpeg-js';
import { readJpegHeader } from './jpeg-header.js';
import { luma, MOST_PIXELS } from './picture.js';

/**
 * Decodes a JPEG, grey or colour, baseline or progressive, and turns it as its EXIF data says.
 *
 * @param name Name of the file, for errors.
 * @throws DataError for a file that is damaged, holds too many pixels, or is of a kind that is not read: CMYK, 12 bits,
 * lossless or arithmetic coding.
 */
export function decodeJpeg(bytes: Uint8Array, name: string): Picture {
  const header = readJpegHeader(bytes);
  if (header === undefined) throw new DataError(`${name} is no whole JPEG: its header is damaged.`);
  const { width, height, components, precision, frame, adobeTransform, orientation } = header;
  if (components.length === 4)
    throw new DataError(`${name} is a CMYK JPEG, which is not read: save it as RGB or grey.`);
  if (precision !== 8)
    throw new DataError(`${name} is a JPEG of ${precision} bits, of which only 8 are read.`);
  if (frame > 2)
    throw new DataError(
      `${name} is a JPEG with lossless or arithmetic coding, which is not read: save it as a usual one.`,
    );
  if (width * height > MOST_PIXELS)
    throw new DataError(
      `${name} is too large: ${width} x ${height} pixels, where at most ${MOST_PIXELS} are read.`,
    );
  // Three components are YCbCr unless Adobe's segment or their names say that they are red, green and blue.
  const isRgb = adobeTransform === 0 || String(components) === String([...'RGB'].map((c) => c.charCodeAt(0)));
  let rgb: Uint8Array;
  try {
    rgb = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      colorTransform: !isRgb,
      maxResolutionInMP: Number.POSITIVE_INFINITY,
      maxMemoryUsageInMB: 2048,
    }).data;
  } catch (error) {
    throw new DataError(`${name} is no whole JPEG: it is damaged or cut off.`, { cause: error });
  }
  const luminance = new Float32Array(width * height);
  for (let i = 0; i < luminance.length; i++)
    luminance[i] = luma(rgb[3 * i] / 255, rgb[3 * i + 1] / 255, rgb[3 * i + 2] / 255);
  return turn({ width, height, luminance }, orientation);
}

/**
 * A picture as EXIF's orientation says that it is to be seen: 2 to 4 mirror or turn it by 180 degrees, 5 to 8 change
 * rows into columns as well.
 */
function turn({ width, height, luminance }: Picture, orientation: number): Picture {
  if (orientation === 1) return { width, height, luminance };
  const swapped = orientation >= 5;
  const [w, h] = swapped ? [height, width] : [width, height];
  const turned = new Float32Array(luminance.length);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      let [sx, sy] = swapped ? [y, x] : [x, y];
      if ([2, 3, 7, 8].includes(orientation)) sx = width - 1 - sx;
      if ([3, 4, 6, 7].includes(orientation)) sy = height - 1 - sy;
      turned[y * w + x] = luminance[sy * width + sx];
    }
  return { width: w, height: h, luminance: turned };
}
