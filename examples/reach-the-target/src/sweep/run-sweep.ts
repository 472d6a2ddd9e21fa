import { type SearchSpace, type Sweep, runSweep as search } from '@mnist-kit/cli';
import type { Recipe } from '../recipe.js';
import { RECIPES } from '../recipes.js';
import type { Trained } from '../train-recipe.js';
import { applyChanges } from './apply-changes.js';

/** How to run a sweep over recipes. */
export interface SweepOptions {
  space: SearchSpace;
  recipe: Recipe;
  /** Results file; what it holds already is not trained again. */
  out: string;
  /** Throws for a recipe that cannot be; gives the trainable parameters of the others. */
  check: (recipe: Recipe) => number;
  /** Trains a recipe on the training half of the split and measures it on the other. */
  train: (recipe: Recipe, seed: number) => Promise<Trained>;
  print?: (line: string) => void;
}

/** Trains the trials of a space that are not in the results file yet, and ranks them by validation accuracy. */
export function runSweep({ recipe: base, check, ...options }: SweepOptions): Promise<Sweep> {
  return search({
    ...options,
    base,
    apply: applyChanges,
    key: keyOf,
    check: (recipe) => {
      const parameters = check(recipe);
      if (parameters < recipe.below) return { parameters };
      return { parameters, refused: `${parameters} parameters are not fewer than ${recipe.below}` };
    },
  });
}

function keyOf(recipe: Recipe, seed: number): string {
  // What a recipe is called does not change what comes out.
  const { title: _, ...settings } = recipe;
  const teacher = recipe.teacher && RECIPES[recipe.teacher.recipe];
  return JSON.stringify([settings, seed, teacher]);
}
