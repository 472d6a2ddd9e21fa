import type { Changes } from '@mnist-kit/cli';
import { InvalidArgumentError } from '@mnist-kit/core';
import type { Recipe } from '../recipe.js';

/**
 * A copy of the recipe with some fields changed.
 *
 * @throws InvalidArgumentError for a field that a recipe cannot have there.
 */
export function applyChanges(recipe: Recipe, changes: Changes): Recipe {
  const copy = structuredClone(recipe);
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() as string;
    let place = copy as unknown as Record<string, unknown>;
    for (const key of keys) {
      const next = Object.hasOwn(place, key) ? place[key] : undefined;
      if (typeof next !== 'object' || next === null) throw unknownField(path, place, key);
      place = next as Record<string, unknown>;
    }
    const known = Object.hasOwn(place, last) || optional.includes(path);
    if (!known) throw unknownField(path, place, last);
    place[last] = structuredClone(value);
  }
  return copy;
}

/** Fields that a recipe may lack. */
const optional = [
  ...['labelSmoothing', 'mixup', 'averageFrom', 'teacher', 'crop', 'batches'],
  ...['net.scale', 'optimizer.decayAll'],
];

function unknownField(path: string, place: object, key: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'change',
    `must name fields of the recipe: '${path}' has no '${key}' among ${Object.keys(place).join(', ')}`,
    path,
  );
}
