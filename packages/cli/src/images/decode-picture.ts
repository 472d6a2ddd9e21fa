import { DataError } from '@mnist-kit/core';
import type { Picture } from '@mnist-kit/datasets';
import { decodeJpeg } from './decode-jpeg.js';
import { decodePng } from './decode-png.js';

/** First bytes of files that people try, and what they are. */
const others: readonly (readonly [string, string])[] = [
  ['GIF8', 'a GIF'],
  ['BM', 'a BMP'],
  ['II*\0', 'a TIFF'],
  ['MM\0*', 'a TIFF'],
  ['%PDF', 'a PDF'],
  ['<svg', 'an SVG'],
  ['<?xml', 'an SVG or other XML'],
];

/**
 * Decodes a PNG or JPEG, whatever the name says it is.
 *
 * @param bytes Content of the file.
 * @param name Name of the file, for errors.
 * @throws DataError for anything else, and for a file that is damaged.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodePicture } from '@mnist-kit/cli';
 *
 * const { width, height } = decodePicture(await readFile('digit.png'), 'digit.png');
 * ```
 */
export function decodePicture(bytes: Uint8Array, name: string): Picture {
  if (bytes.length === 0) throw new DataError(`${name} is empty.`);
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return decodeJpeg(bytes, name);
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return decodePng(bytes, name);
  const isWebp = start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP';
  const isHeif = start.slice(4, 8) === 'ftyp';
  const known = others.find(([signature]) => start.startsWith(signature))?.[1];
  const kind = isWebp ? 'a WebP' : isHeif ? 'a HEIC, AVIF or film' : known;
  if (kind === undefined)
    throw new DataError(`${name} must be a PNG or JPEG: whatever its name says, its content is neither.`);
  throw new DataError(`${name} must be a PNG or JPEG, and is ${kind}: save it as one of the two.`);
}
