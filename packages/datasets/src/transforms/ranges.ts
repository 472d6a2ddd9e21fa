import { InvalidArgumentError } from '@mnist-kit/core';
import { areFinite } from '../check-values.js';

/** Throws unless `range` is [low, high] of finite numbers. */
export function checkRange(name: string, range: readonly number[]): void {
  if (!areFinite(range) || range.length !== 2 || range[0] > range[1])
    throw new InvalidArgumentError(name, 'must be a range [smallest, largest]', range);
}

/** [-x, x] from a number, or a range as it is. */
export function angleRange(name: string, value: number | readonly number[]): readonly [number, number] {
  if (typeof value === 'number') {
    if (!(value >= 0 && areFinite([value])))
      throw new InvalidArgumentError(name, 'must be at least 0, or a range [smallest, largest]', value);
    return [-value, value];
  }
  checkRange(name, value);
  return [value[0], value[1]];
}

/** One range, or two in a row. */
export function angleRanges(name: string, value: number | readonly number[]): readonly number[] {
  if (typeof value === 'number' || value?.length !== 4) return angleRange(name, value);
  checkRange(name, value.slice(0, 2));
  checkRange(name, value.slice(2));
  return [...value];
}

/** Rounds to the nearest integer, and halves to the even one, as Python's `round` does. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest < 0.5 || (rest === 0.5 && below % 2 === 0)) return below;
  return below + 1;
}
