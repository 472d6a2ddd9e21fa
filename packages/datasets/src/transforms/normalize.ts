import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { areFinite } from '../check-values.js';
import type { NormalizeTransform } from './transform.js';

/**
 * Options of {@link normalize}.
 *
 * @example
 * ```ts
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const options: transforms.NormalizeOptions = { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };
 * const normalize = transforms.normalize(options);
 * ```
 */
export interface NormalizeOptions {
  /** Mean of the values between 0 and 1: one number, or one for each channel. MNIST: 0.1307. */
  mean: number | readonly number[];
  /** Standard deviation, not 0: one number, or one for each channel. MNIST: 0.3081. */
  std: number | readonly number[];
}

/**
 * Shifts and scales values: (v - mean) / std, where v is the byte / 255 (`ToTensor` and `Normalize` of
 * torchvision, with their float32 bits). Float32 images are not divided by 255.
 *
 * @throws InvalidArgumentError when a value is not finite, `std` is 0 in float32, or there are several
 * values, but not as many of one as of the other.
 *
 * @example
 * ```ts
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const normalize = transforms.normalize({ mean: 0.1307, std: 0.3081 });
 * ```
 */
export function normalize(options: NormalizeOptions): NormalizeTransform {
  checkOptionNames<NormalizeOptions>('normalize', options, { mean: true, std: true });
  const mean = list('mean', options?.mean);
  const std = list('std', options?.std);
  if (std.some((value) => Math.fround(value) === 0))
    throw new InvalidArgumentError('std', 'must not be 0', options.std);
  if (mean.length > 1 && std.length > 1 && mean.length !== std.length)
    throw new InvalidArgumentError('std', `must have as many values as mean (${mean.length})`, options.std);
  return { kind: 'normalize', name: `normalize(mean=${mean}, std=${std})`, mean, std };
}

function list(name: string, value: number | readonly number[]): number[] {
  const values = typeof value === 'number' ? [value] : value;
  if (!areFinite(values) || values.length === 0)
    throw new InvalidArgumentError(name, 'must be a finite float32 number, or one for each channel', value);
  return [...values];
}
