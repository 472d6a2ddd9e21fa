import { CheckpointError } from '@mnist-kit/core';

/**
 * Looks at the state that a callback gets back: a checkpoint may hold anything under its name.
 *
 * @param callback Name of the callback.
 * @param state What the checkpoint has.
 * @param numbers Fields that must be numbers.
 * @returns The state, whose other fields were not looked at.
 * @throws CheckpointError when it is not an object with these numbers.
 */
export function stateWithNumbers<T extends object>(
  callback: string,
  state: unknown,
  numbers: readonly (keyof T & string)[],
): T {
  const fields = (typeof state === 'object' && state !== null ? state : {}) as Record<string, unknown>;
  for (const name of numbers)
    if (typeof fields[name] !== 'number')
      throw new CheckpointError(
        `The checkpoint's state of ${callback} is damaged: its \`${name}\` must be a number. Received: ${typeof fields[name]}`,
      );
  return fields as T;
}
