import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { centerCrop, DataLoader, mnist, Subset, transforms } from '@mnist-kit/datasets';
import { stateDict } from '@mnist-kit/models';
import { Trainer } from '@mnist-kit/trainer';
import { expect, test } from 'vitest';
import { buildNet, buildTraining } from '../build.js';
import { findPython, PYTORCH_ENV, pytorchArguments } from '../pytorch-race.js';
import { type Finish, raceTable } from '../race.js';
import { RECIPES } from '../recipes.js';

const python = findPython();
const STEPS = 3;

/** Losses of the first steps on the first images as they are, with the schedule of a whole training. */
async function ourLosses(
  name: string,
): Promise<{ weights: number[][]; parameters: number; losses: number[] }> {
  const recipe = { ...RECIPES[name], augmentation: [] };
  const model = buildNet(recipe, new Generator(5));
  const weights = Object.entries(stateDict(model))
    .filter(([entry]) => !entry.endsWith('num_batches_tracked'))
    .map(([, { data }]) => [...(data as Float32Array)]);
  const { callbacks: _, ...training } = buildTraining(recipe, {
    seed: 1,
    stepsPerEpoch: Math.min(Math.floor(60_000 / recipe.batchSize), recipe.batches ?? 60_000),
  });
  const losses: number[] = [];
  const trainer = new Trainer({
    ...training,
    ...{ model, engine: 'plan', threads: 1, generator: new Generator(1) },
    callbacks: [
      {
        onTrainBatchEnd: (_trainer, { loss }) => {
          losses.push(loss);
        },
      },
    ],
  });
  const images = new Subset(
    centerCrop(await mnist({ split: 'train' }), recipe.crop ?? 28),
    Int32Array.from({ length: STEPS * recipe.batchSize }, (_, index) => index),
  );
  const transform = transforms.normalize({ mean: 0.1307, std: 0.3081 });
  await trainer.fit(new DataLoader(images, { batchSize: recipe.batchSize, transform }), { epochs: 1 });
  await trainer.dispose();
  const parameters = model.trainableWeights.reduce(
    (sum, { shape }) => sum + shape.reduce<number>((a, b) => a * (b ?? 1), 1),
    0,
  );
  model.dispose();
  return { weights, parameters, losses };
}

test.skipIf(python === undefined).each(['race-99.0', 'race-99.4'])(
  'PyTorch does the work of %s: the losses of its first steps from the same weights are ours',
  async (name) => {
    const { weights, parameters, losses } = await ourLosses(name);
    const folder = mkdtempSync(join(tmpdir(), 'mnist-kit-race-'));
    try {
      const file = join(folder, 'weights.json');
      writeFileSync(file, JSON.stringify(weights));
      const args = pytorchArguments({
        ...{ recipe: RECIPES[name], seed: 1, threads: 1, channelsLast: true, weights: file, check: STEPS },
      });
      const theirs = JSON.parse(
        execFileSync(python as string, args, { encoding: 'utf8', env: { ...process.env, ...PYTORCH_ENV } }),
      );
      expect(theirs.parameters).toBe(parameters);
      expect(losses).toHaveLength(STEPS);
      expect(theirs.losses[0]).toBeCloseTo(losses[0], 4);
      for (const [step, loss] of losses.entries())
        expect(Math.abs(theirs.losses[step] / loss - 1)).toBeLessThan(5e-3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('the table of a race has mean, median and every time of each runner', () => {
  const finish = (seed: number, seconds: number): Finish => ({
    ...{ runner: 'a', recipe: 'race-99.0', seed, seconds, testAccuracy: 0.99 + seed / 1000 },
  });
  expect(raceTable([finish(1, 3), finish(2, 4), finish(3, 8)]).split('\n')[2]).toBe(
    '| `race-99.0` | a | 5.00 | 4.00 | 3.00, 4.00, 8.00 | 99.200 |',
  );
});
