import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
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

test('a teacher from the cache folder gives the same student, to the last digit', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'mnist-kit-teachers-'));
  const teacher = { recipe: 'small-teacher', epochs: 1, seed: 77, weight: 0.5, temperature: 2 };
  const recipe = { ...RECIPES['under-1000'], epochs: 1, teacher };
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  const options = { seed: 5, judge: 'validation', threads: 1, trainSamples: 256, cache, print } as const;
  // Modules of its own, as another process has: they know no teacher yet.
  const train = async () => {
    vi.resetModules();
    const { seconds: _, ...trained } = await (await import('../train-recipe.js')).trainRecipe(
      recipe,
      options,
    );
    return trained;
  };
  const first = await train();
  const [file, ...others] = await readdir(cache);
  expect(others).toEqual([]);
  expect(await train()).toEqual(first);
  expect(lines.filter((line) => line.startsWith('teacher'))).toEqual([
    'teacher: small-teacher, 1 epochs, seed 77',
    `teacher: ${join(cache, file)}`,
  ]);
  await rm(cache, { recursive: true });
});
