import { DataError } from '@mnist-kit/core';
import type { DecodedValues } from './safetensors-values.js';
import type { StateTensor } from './state-tensor.js';

/** What a file says of a tensor, and how it is to be handed out. */
export interface StateTensorOptions {
  readonly name: string;
  /** Safetensors' name of the data type: `I64`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Keep integers that float32 cannot hold as int64; otherwise they are an error. */
  readonly wide: boolean;
}

/** Whether a tensor counts batches, as PyTorch's BatchNorm does, and so is no weight. */
export function isCounter(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}

/**
 * Makes a tensor of the values that a file has.
 *
 * @throws DataError when an integer has no exact float32 and `wide` is false, or has no int64 either.
 */
export function makeStateTensor(
  values: DecodedValues,
  { name, dtype, shape, wide }: StateTensorOptions,
): StateTensor {
  if (values instanceof Float32Array) return { shape, data: values };
  const data = new Float32Array(values.length);
  let exact = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    data[i] = Number(value);
    // A 64-bit integer would be rounded on its way to a double, and is compared as bigint.
    if (typeof value === 'bigint' ? BigInt(data[i]) === value : data[i] === value) continue;
    if (!wide)
      throw new DataError(`Tensor "${name}" (${dtype}) holds ${value}, which float32 cannot hold exactly.`);
    if (value >= 2n ** 63n)
      throw new DataError(`Tensor "${name}" (${dtype}) holds ${value}, which int64 cannot hold.`);
    exact = false;
  }
  if (exact) return dtype === 'I64' ? { shape, data, dtype } : { shape, data };
  const int64 = new BigInt64Array(values.length);
  values.forEach((value, i) => {
    int64[i] = BigInt(value);
  });
  return { shape, data, dtype: 'I64', int64 };
}
