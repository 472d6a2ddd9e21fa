import { type FileBytes, InvalidArgumentError } from '@mnist-kit/core';
import type { StateTensor } from './state-tensor.js';

/** A tensor as both file formats store it. */
interface EncodedTensor {
  readonly name: string;
  readonly dtype: 'F32' | 'I64';
  readonly shape: readonly number[];
  /** The values, least significant byte first. */
  readonly bytes: FileBytes;
  readonly bytesPerValue: number;
}

/**
 * Checks a tensor and turns its values into bytes.
 *
 * @throws InvalidArgumentError when the name is no Unicode text, the shape does not fit, the data type is
 * unknown, or an int64 tensor holds something else than int64 values.
 */
export function encodeTensor(
  name: string,
  { shape, data, dtype = 'F32', int64 }: StateTensor,
): EncodedTensor {
  if (!name.isWellFormed()) throw new InvalidArgumentError('dict', 'must have Unicode names', name);
  const size = shape.reduce((product, length) => product * length, 1);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0) || size !== data.length)
    throw new InvalidArgumentError(
      'dict',
      `must give tensor "${name}" a shape that fits its ${data.length} values`,
      shape,
    );
  if (dtype !== 'F32' && dtype !== 'I64')
    throw new InvalidArgumentError('dict', `must give tensor "${name}" the dtype F32 or I64`, dtype);
  if (int64 !== undefined && !(int64 instanceof BigInt64Array))
    throw new InvalidArgumentError('dict', `must give tensor "${name}" \`int64\` in a BigInt64Array`, int64);
  if (int64 !== undefined && (dtype !== 'I64' || int64.length !== data.length))
    throw new InvalidArgumentError(
      'dict',
      `must give tensor "${name}" \`int64\` only with the dtype I64, and as many values as in \`data\``,
      int64,
    );
  const bytesPerValue = dtype === 'F32' ? 4 : 8;
  const bytes = new Uint8Array(data.length * bytesPerValue);
  const view = new DataView(bytes.buffer);
  data.forEach((value, i) => {
    if (dtype === 'F32') view.setFloat32(i * 4, value, true);
    else if (int64 !== undefined) view.setBigInt64(i * 8, int64[i], true);
    else if (Number.isInteger(value) && Math.abs(value) < 2 ** 63)
      view.setBigInt64(i * 8, BigInt(value), true);
    else throw new InvalidArgumentError('dict', `must give int64 tensor "${name}" int64 values`, value);
  });
  return { name, dtype, shape, bytes, bytesPerValue };
}
