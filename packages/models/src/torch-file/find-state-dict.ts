import { CheckpointError } from '@mnist-kit/core';
import { type DictKey, type PickleValue, typeName } from './pickle-values.js';
import { TensorView } from './tensor-view.js';

/** A dict whose values are tensors. */
export type TensorMap = ReadonlyMap<DictKey, TensorView>;

/**
 * Finds the state dict in what a .pth file holds: at `key`, or else the whole file, or else the one dict of
 * tensors right within it.
 *
 * @throws CheckpointError when there is none, or more than one to choose from.
 */
export function findStateDict(root: PickleValue, key: string | undefined): TensorMap {
  if (!(root instanceof Map))
    throw new CheckpointError(
      `A .pth file must hold a state dict, or a dict that holds one. Received: ${typeName(root)}`,
    );
  if (key !== undefined) {
    const value = root.get(key);
    if (value === undefined)
      throw new CheckpointError(`The .pth file must have the key "${key}". Received: ${list(root.keys())}`);
    return checkTensors(value, key);
  }
  const isTensors = rememberedTest();
  if (root.size === 0 || isTensors(root)) return root as TensorMap;
  const found = [...root].filter(([, value]) => value instanceof Map && value.size > 0 && isTensors(value));
  if (found.length === 1) return found[0][1] as TensorMap;
  if (found.length > 1)
    throw new CheckpointError(
      `The .pth file holds several state dicts; choose one with the option \`key\`: ${list(found.map(([name]) => name))}.`,
    );
  throw new CheckpointError(
    `The .pth file must hold a dict of tensors only, itself or under one of its keys. Received: ${list(root.keys())}`,
  );
}

function checkTensors(value: PickleValue, key: string): TensorMap {
  if (!(value instanceof Map))
    throw new CheckpointError(`"${key}" must be a dict of tensors. Received: ${typeName(value)}`);
  for (const [name, item] of value)
    if (!(item instanceof TensorView))
      throw new CheckpointError(
        `"${key}" must be a dict of tensors only. Received: ${typeName(item)} at "${name}"`,
      );
  return value as TensorMap;
}

/** One dict may stand under many keys, and must not be looked through for each. */
function rememberedTest(): (dict: Map<DictKey, PickleValue>) => boolean {
  const known = new Map<Map<DictKey, PickleValue>, boolean>();
  return (dict) => {
    let result = known.get(dict);
    if (result === undefined) {
      result = [...dict.values()].every((value) => value instanceof TensorView);
      known.set(dict, result);
    }
    return result;
  };
}

function list(keys: Iterable<DictKey>): string {
  const names = Array.from(keys, (key) => (typeof key === 'string' ? JSON.stringify(key) : String(key)));
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
