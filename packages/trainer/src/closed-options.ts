import { checkOptionNames, type OptionNames } from '@mnist-kit/core';

/** Of something that has no options: an empty object, or none. */
export type NoOptions = Readonly<Record<string, never>>;

/**
 * Options as they were given, an empty object for none.
 *
 * @throws InvalidArgumentError for something that is no object, or has a key that is not among `names`.
 */
export function closedOptions<T extends object>(
  owner: string,
  options: T | undefined,
  names: OptionNames<T>,
): T {
  checkOptionNames(owner, options, names);
  return options ?? ({} as T);
}
