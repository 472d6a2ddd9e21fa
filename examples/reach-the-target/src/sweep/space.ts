import { checkSpace as checkSearch, type SearchSpace } from '@mnist-kit/cli';
import { InvalidArgumentError } from '@mnist-kit/core';
import type { Recipe } from '../recipe.js';

/** A search space, as its JSON file has it: which recipe is changed, and how. */
export interface Space extends SearchSpace {
  /** Name of the recipe that is changed. */
  readonly recipe: string;
}

/**
 * Checks a search space that comes from a file.
 *
 * @throws InvalidArgumentError that names the field.
 */
export function checkSpace(value: unknown, recipes: Readonly<Record<string, Recipe>>): Space {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError('space', 'must be an object of JSON', value);
  const { recipe, ...search } = value as Space;
  if (!Object.hasOwn(recipes, recipe))
    throw new InvalidArgumentError('recipe', `must be one of ${Object.keys(recipes).join(', ')}`, recipe);
  return { recipe, ...checkSearch(search) };
}
