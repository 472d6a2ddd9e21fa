import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { checkCallbacks } from './check-callbacks.js';
import { checkLoader } from './check-parts.js';
import type { Callback } from './contracts/callback.js';
import type { LoaderLike } from './contracts/parts.js';
import type { FitOptions } from './options.js';

const names: OptionNames<FitOptions> = {
  val: true,
  epochs: true,
  signal: true,
  resume: true,
  callbacks: true,
};

/**
 * Checks the options of a fit.
 *
 * @param own The Trainer's own callbacks.
 * @returns The validation loaders by name.
 * @throws InvalidArgumentError that names the first one that cannot work.
 */
export function checkFitOptions(
  options: FitOptions,
  own: readonly Callback[],
): Readonly<Record<string, LoaderLike>> {
  if (isLoader(options))
    throw new InvalidArgumentError('options', 'of fit must be an object: { val: loader }', options);
  checkOptionNames<FitOptions>('fit', options, names);
  const { val, epochs = 1, signal, callbacks = [] } = options;
  checkCallbacks(callbacks);
  for (const [i, callback] of callbacks.entries())
    if (own.includes(callback))
      throw new InvalidArgumentError(
        `callbacks[${i}]`,
        "must not be one of the Trainer's own: its hooks would run twice",
        callback,
      );
  if (!Number.isInteger(epochs) || epochs < 1)
    throw new InvalidArgumentError('epochs', 'must be a positive integer', epochs);
  if (signal !== undefined && (typeof signal?.aborted !== 'boolean' || !('addEventListener' in signal)))
    throw new InvalidArgumentError(
      'signal',
      'must be an AbortSignal: the `signal` of an AbortController',
      signal,
    );
  return namedLoaders(val);
}

function namedLoaders(val: FitOptions['val']): Readonly<Record<string, LoaderLike>> {
  if (val === undefined) return {};
  if (isLoader(val)) {
    checkLoader(val, 'val');
    return { val };
  }
  const names = val === null || typeof val !== 'object' || Array.isArray(val) ? [] : Object.keys(val);
  if (names.length === 0)
    throw new InvalidArgumentError('val', 'must be a loader, or loaders by name: { val, clean }', val);
  const loaders = val as Readonly<Record<string, LoaderLike>>;
  for (const [name, loader] of Object.entries(loaders)) {
    checkLoader(loader, `val.${name}`);
    if (name === '') throw new InvalidArgumentError('val', 'must have names for its loaders', name);
    if (name === 'train') throw new InvalidArgumentError('val', "must not name a loader 'train'", name);
  }
  return loaders;
}

function isLoader(value: unknown): value is LoaderLike {
  return typeof (value as LoaderLike | null | undefined)?.[Symbol.asyncIterator] === 'function';
}
