import { checkOptionNames, Generator, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { parameterBreakdown } from '@mnist-kit/models';
import { buildAugmentation, buildNet, buildTraining } from './build.js';
import type { Recipe } from './recipe.js';
import { RECIPES } from './recipes.js';

const names: OptionNames<Recipe> = {
  title: true,
  below: true,
  net: true,
  epochs: true,
  batchSize: true,
  crop: true,
  batches: true,
  optimizer: true,
  schedule: true,
  augmentation: true,
  labelSmoothing: true,
  mixup: true,
  averageFrom: true,
  teacher: true,
};

/**
 * Builds everything that a recipe asks for, so that a mistake shows before anything is trained.
 *
 * @returns The net's trainable parameters.
 * @throws InvalidArgumentError for a field that does not exist or cannot be what it is.
 */
export function checkRecipe(recipe: Recipe): number {
  checkOptionNames<Recipe>('a recipe', recipe, names);
  const { net, optimizer, schedule, augmentation, epochs, batchSize } = recipe;
  for (const [name, value] of Object.entries({ epochs, batchSize }))
    if (!(Number.isInteger(value) && value > 0))
      throw new InvalidArgumentError(name, 'must be a positive integer', value);
  const { crop, batches = 1 } = recipe;
  if (!(Number.isInteger(batches) && batches > 0))
    throw new InvalidArgumentError('batches', 'must be a positive integer', batches);
  if (crop !== undefined && !(Number.isInteger(crop) && crop > 0 && crop <= 28 && crop % 2 === 0))
    throw new InvalidArgumentError('crop', 'must be an even number of pixels from 2 to 28', crop);
  checkKind('net', net, ['compactNet', 'convNet']);
  checkKind('optimizer', optimizer, ['adam', 'adamW', 'muon']);
  checkOptionNames<Recipe['optimizer']>('optimizer', optimizer, {
    kind: true,
    lr: true,
    weightDecay: true,
    decayAll: true,
  });
  checkKind('schedule', schedule, ['oneCycle', 'step']);
  if (schedule.kind === 'step')
    checkOptionNames<typeof schedule>('schedule', schedule, { kind: true, stepSize: true, gamma: true });
  else
    checkOptionNames<typeof schedule>('schedule', schedule, {
      kind: true,
      pctStart: true,
      cycleMomentum: true,
      divFactor: true,
    });
  if (!Array.isArray(augmentation))
    throw new InvalidArgumentError('augmentation', 'must be an array of transforms', augmentation);
  for (const [i, step] of augmentation.entries()) {
    const [key, ...others] = Object.keys(step ?? {});
    if (others.length > 0 || !['rotation', 'affine'].includes(key))
      throw new InvalidArgumentError(`augmentation[${i}]`, 'must be { rotation } or { affine }', step);
  }
  if (recipe.teacher !== undefined) checkTeacher(recipe.teacher, crop);
  buildAugmentation(recipe);
  buildTraining(recipe, { seed: 0, stepsPerEpoch: 2 });
  return countParameters(recipe);
}

/** Trainable parameters of a recipe's net. */
export function countParameters(recipe: Recipe): number {
  const model = buildNet(recipe, new Generator(0));
  const { trainable } = parameterBreakdown(model);
  model.dispose();
  return trainable;
}

function checkTeacher(teacher: NonNullable<Recipe['teacher']>, crop: number | undefined): void {
  const names = { recipe: true, epochs: true, seed: true, weight: true, temperature: true } as const;
  checkOptionNames<NonNullable<Recipe['teacher']>>('teacher', teacher, names);
  const { recipe, epochs, seed, weight, temperature } = teacher;
  if (!Object.hasOwn(RECIPES, recipe))
    throw new InvalidArgumentError(
      'teacher.recipe',
      `must be one of ${Object.keys(RECIPES).join(', ')}`,
      recipe,
    );
  if (RECIPES[recipe].teacher !== undefined)
    throw new InvalidArgumentError('teacher.recipe', 'must not have a teacher of its own', recipe);
  if (RECIPES[recipe].crop !== crop)
    throw new InvalidArgumentError('teacher.recipe', 'must look at the same part of the images', recipe);
  if (!(Number.isInteger(epochs) && epochs > 0))
    throw new InvalidArgumentError('teacher.epochs', 'must be a positive integer', epochs);
  const seeds = [seed].flat();
  if (seeds.length === 0 || !seeds.every((own) => Number.isInteger(own) && own >= 0 && own <= 0xffffffff))
    throw new InvalidArgumentError(
      'teacher.seed',
      'must be a whole number from 0 to 4294967295, or several',
      seed,
    );
  if (!(weight >= 0 && weight <= 1))
    throw new InvalidArgumentError('teacher.weight', 'must be between 0 and 1', weight);
  if (!(Number.isFinite(temperature) && temperature > 0))
    throw new InvalidArgumentError('teacher.temperature', 'must be a finite number above 0', temperature);
}

function checkKind(name: string, part: { kind: string }, kinds: readonly string[]): void {
  if (kinds.includes(part?.kind)) return;
  throw new InvalidArgumentError(`${name}.kind`, `must be one of ${kinds.join(', ')}`, part?.kind);
}
