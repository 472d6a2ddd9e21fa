import { DataError } from '@mnist-kit/core';
import { type DecodedPng, decode } from 'fast-png';
import { luma, MOST_PIXELS, type Picture } from './picture.js';

/**
 * Decodes a PNG of any bit depth and colour type: grey, colour, palette, each with or without transparency. Of an
 * animation it is the first picture.
 *
 * @param name Name of the file, for errors.
 * @throws DataError for a file that is damaged or holds too many pixels.
 */
export function decodePng(bytes: Uint8Array, name: string): Picture {
  // Width and height stand at fixed places of the first chunk.
  if (bytes.length < 33) throw new DataError(`${name} is damaged: a PNG of ${bytes.length} bytes.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixels = view.getUint32(16) * view.getUint32(20);
  if (pixels > MOST_PIXELS)
    throw new DataError(
      `${name} is too large: ${view.getUint32(16)} x ${view.getUint32(20)} pixels, where at most ${MOST_PIXELS} are read.`,
    );
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new DataError(`${name} is no whole PNG (${(error as Error).message}).`, { cause: error });
  }
  return toPicture(png, name);
}

function toPicture(png: DecodedPng, name: string): Picture {
  const { width, height, channels, palette, transparency } = png;
  const size = width * height;
  const luminance = new Float32Array(size);
  const opacity = new Float32Array(size).fill(1);
  const top = 2 ** png.depth - 1;
  const samples = unpack(png);
  for (let i = 0; i < size; i++) {
    const at = i * channels;
    if (palette !== undefined) {
      const color = palette[samples[at]];
      if (color === undefined)
        throw new DataError(`${name} is damaged: a pixel has colour ${samples[at]} of ${palette.length}.`);
      luminance[i] = luma(color[0] / 255, color[1] / 255, color[2] / 255);
      opacity[i] = (color[3] ?? 255) / 255;
      continue;
    }
    const isGray = channels < 3;
    luminance[i] = isGray
      ? samples[at] / top
      : luma(samples[at] / top, samples[at + 1] / top, samples[at + 2] / top);
    if (channels === 2 || channels === 4) opacity[i] = samples[at + channels - 1] / top;
    // One colour that counts as transparent.
    else if (transparency !== undefined && transparency.length > 0) {
      let same = true;
      for (let c = 0; c < channels; c++) same &&= samples[at + c] === transparency[c];
      if (same) opacity[i] = 0;
    }
  }
  return opacity.every((value) => value === 1)
    ? { width, height, luminance }
    : { width, height, luminance, opacity };
}

/** One number for each sample: fewer than eight bits are packed into bytes, each row by itself. */
function unpack({ width, height, depth, channels, data }: DecodedPng): ArrayLike<number> {
  if (depth >= 8) return data;
  const perRow = Math.ceil((width * channels * depth) / 8);
  const samples = new Uint8Array(width * height * channels);
  const mask = 2 ** depth - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * channels; x++) {
      const bit = x * depth;
      const byte = data[y * perRow + (bit >> 3)];
      samples[y * width * channels + x] = (byte >> (8 - depth - (bit & 7))) & mask;
    }
  return samples;
}
