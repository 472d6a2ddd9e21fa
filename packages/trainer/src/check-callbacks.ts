import { closestName, InvalidArgumentError } from '@mnist-kit/core';
import { callbackName } from './callbacks/dispatcher.js';
import type { Callback } from './contracts/callback.js';

type HookName = Extract<keyof Callback, `on${string}`>;

/** Every hook, so that the compiler says when one is missing. */
const hooks: Readonly<Record<HookName, true>> = {
  onFitStart: true,
  onEpochStart: true,
  onBeforeOptimizerStep: true,
  onOptimizerStepEnd: true,
  onTrainBatchEnd: true,
  onValidationStart: true,
  onValidationBatchEnd: true,
  onValidationEnd: true,
  onValidationCancel: true,
  onEpochEnd: true,
  onSafePoint: true,
  onBeforeSnapshot: true,
  onFitEnd: true,
  onException: true,
};
const hookNames = Object.keys(hooks);

/**
 * Checks callbacks: a method that is called like a hook must be one, or it would never run.
 *
 * @throws InvalidArgumentError that names it, and the hook that was probably meant.
 */
export function checkCallbacks(callbacks: readonly Callback[]): void {
  if (!Array.isArray(callbacks)) throw new InvalidArgumentError('callbacks', 'must be an array', callbacks);
  for (const [i, callback] of callbacks.entries()) {
    if (callback === null || typeof callback !== 'object')
      throw new InvalidArgumentError(
        `callbacks[${i}]`,
        'must be an object with hooks, as new ProgressBar() is',
        callback,
      );
    const first = callbacks.indexOf(callback);
    if (first !== i)
      throw new InvalidArgumentError(
        `callbacks[${i}]`,
        `must be a callback of its own, and is callbacks[${first}]: its hooks would run twice`,
        callback,
      );
    for (const [name, value] of ownAndInherited(callback)) {
      const where = `callbacks[${i}].${name}`;
      const received = `a ${typeof value} of ${callbackName(callback)}`;
      if (Object.hasOwn(hooks, name)) {
        if (value !== undefined && typeof value !== 'function')
          throw new InvalidArgumentError(where, 'must be a function', received);
      } else if (typeof value === 'function' && /^on[A-Z_]/.test(name)) {
        const meant = closestName(name, hookNames);
        const hint =
          meant === undefined ? `; there are ${hookNames.join(', ')}` : ` (did you mean \`${meant}\`?)`;
        throw new InvalidArgumentError(where, `is not a hook${hint}`, received);
      }
    }
  }
}

/** Fields and methods of an object and its classes, the object's own first; getters are left alone. */
function* ownAndInherited(object: object): Generator<[name: string, value: unknown]> {
  const seen = new Set<string>();
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (seen.has(name) || get !== undefined) continue;
      seen.add(name);
      yield [name, value];
    }
}
