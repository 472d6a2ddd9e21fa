import { countParameters } from './check-recipe.js';
import type { Recipe } from './recipe.js';

/** One line for each recipe: name, trainable parameters, epochs, title. */
export function listRecipes(recipes: Readonly<Record<string, Recipe>>): string[] {
  const rows = Object.entries(recipes).map(([name, recipe]) => {
    return { name, total: String(countParameters(recipe)), recipe };
  });
  const longest = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(
    ({ name, total, recipe }) =>
      `${name.padEnd(longest)}  ${total.padStart(6)} parameters  ${String(recipe.epochs).padStart(2)} epochs  ${recipe.title}`,
  );
}
