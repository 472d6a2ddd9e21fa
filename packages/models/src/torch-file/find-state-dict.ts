import { CheckpointError } from '@mnist-kit/core';
import { type DictKey, Opaque, type PickleValue, typeName } from './pickle-values.js';
import { keyText } from './plain-keys.js';
import { TensorView } from './tensor-view.js';

/** A dict whose values are tensors. */
export type TensorMap = ReadonlyMap<DictKey, TensorView>;

/**
 * Finds the state dict in what a .pth file holds: at `key`, or else the whole file, or else the one dict of
 * tensors right within it. What lies beside it does not matter.
 *
 * @throws CheckpointError when there is none, or more than one to choose from, or it has a tensor that is not
 * read.
 */
export function findStateDict(root: PickleValue, key: string | undefined): TensorMap {
  if (root instanceof Opaque) throw root.refusal();
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
  const kindOf = rememberedKind();
  if (root.size === 0 || kindOf(root) !== 'other') return readable(root);
  // A dict with a tensor that cannot be read counts: another one must not be taken in its place.
  const found = [...root].filter(
    (entry): entry is [DictKey, Map<DictKey, PickleValue>] =>
      entry[1] instanceof Map && entry[1].size > 0 && kindOf(entry[1]) === 'tensors',
  );
  if (found.length === 1) return readable(found[0][1]);
  if (found.length > 1)
    throw new CheckpointError(
      `The .pth file holds several state dicts; choose one with the option \`key\`: ${list(found.map(([name]) => name))}.`,
    );
  throw new CheckpointError(
    `The .pth file must hold a dict of tensors only, itself or under one of its keys. Received: ${list(root.keys())}${objectAmong(root)}`,
  );
}

function checkTensors(value: PickleValue, key: string): TensorMap {
  if (value instanceof Opaque) throw value.refusal();
  if (!(value instanceof Map))
    throw new CheckpointError(`"${key}" must be a dict of tensors. Received: ${typeName(value)}`);
  for (const [name, item] of value)
    if (!(item instanceof TensorView || item instanceof Opaque))
      throw new CheckpointError(
        `"${key}" must be a dict of tensors only. Received: ${typeName(item)} at "${keyText(name) ?? typeName(name)}"`,
      );
  return readable(value);
}

function readable(dict: Map<DictKey, PickleValue>): TensorMap {
  for (const value of dict.values()) if (value instanceof Opaque) throw value.refusal();
  return dict as Map<DictKey, TensorView>;
}

/** Whether a dict holds tensors, or only what is not read, or anything else. */
type Kind = 'tensors' | 'opaque' | 'other';

/** One dict may stand under many keys, and must not be looked through for each. */
function rememberedKind(): (dict: Map<DictKey, PickleValue>) => Kind {
  const known = new Map<Map<DictKey, PickleValue>, Kind>();
  return (dict) => {
    let result = known.get(dict);
    if (result === undefined) {
      result = 'opaque';
      for (const value of dict.values()) {
        if (value instanceof TensorView) result = 'tensors';
        else if (!(value instanceof Opaque)) {
          result = 'other';
          break;
        }
      }
      known.set(dict, result);
    }
    return result;
  };
}

/** Says it when a whole module was saved in the place of its state dict. */
function objectAmong(root: Map<DictKey, PickleValue>): string {
  for (const [name, value] of root)
    if (value instanceof Opaque) return ` (${list([name])} is a ${value.typeName}, of which nothing is read)`;
  return '';
}

function list(keys: Iterable<DictKey>): string {
  const names: string[] = [];
  let more = 0;
  for (const key of keys) {
    if (names.length === 8) more++;
    else names.push(typeof key === 'string' ? JSON.stringify(key) : (keyText(key) ?? typeName(key)));
  }
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}
