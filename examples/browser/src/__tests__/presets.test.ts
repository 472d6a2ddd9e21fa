import { Generator } from '@mnist-kit/core';
import { RECIPES } from '@mnist-kit/example-reach-the-target/recipes';
import { improvedNet, optimizedNet, parameterBreakdown } from '@mnist-kit/models';
import { expect, test } from 'vitest';
import { buildNet } from '../settings/build-net.js';
import { PRESETS } from '../settings/presets.js';

const parametersOf = (name: string) => {
  const { settings } = PRESETS.find((preset) => preset.name === name)!;
  const model = buildNet(settings.net, new Generator(1));
  const { trainable } = parameterBreakdown(model);
  model.dispose();
  return trainable;
};

test('every recipe of reach-the-target is there, in its class of parameters, and says what is otherwise here', () => {
  for (const [name, recipe] of Object.entries(RECIPES)) {
    expect(parametersOf(name)).toBeLessThan(recipe.below);
    const preset = PRESETS.find((one) => one.name === name);
    const { teacher, crop, batches } = recipe;
    expect(preset?.note !== undefined).toBe((teacher ?? crop ?? batches) !== undefined);
  }
});

test('the nets by name are those of the package', () => {
  const total = (model: ReturnType<typeof optimizedNet>) => parameterBreakdown(model).total;
  expect(parametersOf('quick')).toBe(total(optimizedNet()));
  expect(parametersOf('improved')).toBe(total(improvedNet()));
});
