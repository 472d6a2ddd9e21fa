import { DataError } from '@mnist-kit/core';
import type { Picture } from '@mnist-kit/datasets';
import { PNG } from 'pngjs';
import { luma, MOST_PIXELS } from './picture.js';

/**
 * Decodes a PNG of any bit depth and colour type: grey, colour, palette, each with or without transparency, interlaced
 * or not. Of an animation it is the first picture.
 *
 * @param name Name of the file, for errors.
 * @throws DataError for a file that is damaged or holds too many pixels.
 */
export function decodePng(bytes: Uint8Array, name: string): Picture {
  // Width and height stand at fixed places of the first chunk.
  if (bytes.length < 33) throw new DataError(`${name} is no whole PNG: it has ${bytes.length} bytes.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [wide, high] = [view.getUint32(16), view.getUint32(20)];
  if (wide * high > MOST_PIXELS)
    throw new DataError(
      `${name} is too large: ${wide} x ${high} pixels, where at most ${MOST_PIXELS} are read.`,
    );
  let png: PNG;
  try {
    // Every kind becomes red, green, blue and opacity of 8 bits.
    png = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw new DataError(`${name} is no whole PNG: it is damaged or cut off.`, { cause: error });
  }
  const { width, height, data } = png;
  const luminance = new Float32Array(width * height);
  const opacity = new Float32Array(width * height);
  for (let i = 0; i < luminance.length; i++) {
    luminance[i] = luma(data[4 * i] / 255, data[4 * i + 1] / 255, data[4 * i + 2] / 255);
    opacity[i] = data[4 * i + 3] / 255;
  }
  return opacity.every((value) => value === 1)
    ? { width, height, luminance }
    : { width, height, luminance, opacity };
}
