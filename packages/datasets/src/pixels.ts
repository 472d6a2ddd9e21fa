import { InvalidArgumentError } from '@mnist-kit/core';
import { tensorHint } from './labels.js';

/**
 * Pixels as bytes (0 to 255, as in image files) or as float32 (taken as they are).
 *
 * @example
 * ```ts
 * import type { Pixels } from '@mnist-kit/datasets';
 *
 * const bytes: Pixels = new Uint8Array(28 * 28); // 0 to 255
 * const floats: Pixels = new Float32Array(28 * 28);
 * ```
 */
export type Pixels = Uint8Array | Float32Array;

/**
 * Pixels as bytes or float32, those of a canvas (`Uint8ClampedArray`) as bytes.
 *
 * @throws InvalidArgumentError for anything else, with what to do about it.
 */
export function toPixels(argument: string, values: unknown): Pixels {
  if (values instanceof Uint8ClampedArray)
    return new Uint8Array(values.buffer, values.byteOffset, values.length);
  checkPixels(argument, values);
  return values;
}

/** Throws unless `values` are bytes or float32. */
export function checkPixels(argument: string, values: unknown): asserts values is Pixels {
  if (values instanceof Uint8Array || values instanceof Float32Array) return;
  throw new InvalidArgumentError(argument, `must be a Uint8Array or a Float32Array${hint(values)}`, values);
}

/** What would be right, as the end of a clause. */
function hint(values: unknown): string {
  if (values instanceof Uint8ClampedArray) return '; of a canvas give `new Uint8Array(data.buffer)`';
  if (values instanceof ArrayBuffer) return '; of a buffer give `new Uint8Array(buffer)`';
  const data = (values as { data?: unknown } | null)?.data;
  if (data instanceof Uint8ClampedArray) return '; of an ImageData give its `data`';
  if (Array.isArray(values) && typeof values[0] === 'object')
    return '; flatten nested arrays, e.g. `Float32Array.from(images.flat(Infinity))`';
  if (Array.isArray(values) || ArrayBuffer.isView(values))
    return ': give `Uint8Array.from(values)` for bytes, or `Float32Array.from(values)` for values to take as they are';
  return tensorHint(values);
}
