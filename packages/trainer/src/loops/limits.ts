import { InvalidArgumentError } from '@mnist-kit/core';
import type { LoaderLike } from '../contracts/parts.js';

/**
 * Batches of a pass that an option limits: a number of them, or a fraction of the loader's.
 *
 * @throws InvalidArgumentError when it is neither, or a fraction of a loader without a length.
 */
export function resolveLimit(
  argument: string,
  limit: number | undefined,
  { length }: LoaderLike,
): number | undefined {
  if (limit === undefined) return undefined;
  if (Number.isInteger(limit) && limit >= 1) return limit;
  if (!(limit > 0 && limit < 1))
    throw new InvalidArgumentError(argument, 'must be a number of batches, or a fraction below 1', limit);
  if (length === undefined)
    throw new InvalidArgumentError(
      argument,
      'must be a number of batches for a loader without a length',
      limit,
    );
  return Math.max(1, Math.floor(length * limit));
}
