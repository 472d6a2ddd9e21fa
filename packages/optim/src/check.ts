import { InvalidArgumentError } from '@mnist-kit/core';

/** A finite number from `low`, and below `high` where that is given. */
export function checkRange(argument: string, value: number, low: number, high?: number): void {
  if (Number.isFinite(value) && value >= low && (high === undefined || value < high)) return;
  const range = high === undefined ? `of at least ${low}` : `from ${low} to below ${high}`;
  throw new InvalidArgumentError(argument, `must be a finite number ${range}`, value);
}

/** An integer of at least `low`. */
export function checkInteger(argument: string, value: number, low: number): void {
  if (Number.isSafeInteger(value) && value >= low) return;
  throw new InvalidArgumentError(argument, `must be an integer of at least ${low}`, value);
}

/** One of a few words. */
export function checkOneOf(argument: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new InvalidArgumentError(argument, `must be ${allowed.map((x) => `'${x}'`).join(' or ')}`, value);
}
