import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';

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

/** True or false, so that the text `'false'` does not count as true. */
export function checkBoolean(argument: string, value: boolean): void {
  if (typeof value !== 'boolean') throw new InvalidArgumentError(argument, 'must be true or false', value);
}

/** An object with no other keys than `names` has. */
export function checkOptions<T extends object>(owner: string, options: T, names: OptionNames<T>): void {
  if (options === undefined)
    throw new InvalidArgumentError(
      'options',
      `of ${owner} must be an object such as { ${Object.keys(names)[0]}: … }`,
      options,
    );
  checkOptionNames(owner, options, names);
}

/** One of a few words. */
export function checkOneOf(argument: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new InvalidArgumentError(argument, `must be ${allowed.map((x) => `'${x}'`).join(' or ')}`, value);
}
