import { expect, test } from 'vitest';
import { RECIPES } from '../recipes.js';
import { trainRecipe } from '../train-recipe.js';

test.each(Object.entries(RECIPES))(
  '%s trains on the plan, within its parameters and epochs',
  async (_name, recipe) => {
    expect(recipe.epochs).toBeLessThanOrEqual(20);
    const lines: string[] = [];
    const trained = await trainRecipe(
      { ...recipe, epochs: 1, teacher: recipe.teacher && { ...recipe.teacher, epochs: 1 } },
      {
        seed: 5,
        judge: 'validation',
        threads: 1,
        trainSamples: 2 * recipe.batchSize,
        print: (line) => lines.push(line),
      },
    );
    expect(trained.parameters).toBeLessThan(recipe.below);
    expect(trained.accuracy).toBeGreaterThan(0);
    expect(Number.isFinite(trained.loss)).toBe(true);
    expect(lines.at(-1)).toMatch(/^epoch 1\/1: /);
  },
);
