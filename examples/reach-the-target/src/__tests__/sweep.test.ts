import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listTrials, sweepTable } from '@mnist-kit/cli';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ablationTable } from '../ablation/command.js';
import { ABLATION, BASELINE } from '../ablation/rows.js';
import { checkRecipe } from '../check-recipe.js';
import type { Recipe } from '../recipe.js';
import { RECIPES } from '../recipes.js';
import { applyChanges } from '../sweep/apply-changes.js';
import { runSweep } from '../sweep/run-sweep.js';
import { checkSpace, type Space } from '../sweep/space.js';

const name = 'under-20000';
const recipe = RECIPES[name];
let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-sweep-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A sweep whose trainings are a formula: the nearer the rate to 0.02, and the more epochs, the better. */
function sweepOf(space: Space, out = join(folder, `${files++}.jsonl`)) {
  const trained: string[] = [];
  const run = (stopAfter = Infinity) =>
    runSweep({
      space,
      recipe,
      out,
      check: ({ batchSize }) => (batchSize === 1 ? 30_000 : 19_000),
      train: async ({ optimizer: { lr }, epochs }: Recipe, seed) => {
        trained.push(`${lr} ${epochs} ${seed}`);
        const accuracy = 0.99 - Math.abs(lr - 0.02) + epochs / 1e4 + seed / 1e6;
        const interrupted = trained.length > stopAfter;
        return { parameters: 19_000, accuracy, loss: 0.1, trainAccuracy: 0.9, seconds: 1, interrupted };
      },
    });
  return { run, trained, out };
}

const grid = (values: unknown[], more: Partial<Space> = {}): Space => ({
  recipe: name,
  search: 'grid',
  change: { 'optimizer.lr': { values } },
  ...more,
});

test('a grid trains every combination and ranks them, the better first', async () => {
  const space = grid([0.01, 0.02, 0.05], { trainSeeds: [1, 2] });
  const { run, trained } = sweepOf(space);
  const { results } = await run();
  expect(trained).toHaveLength(6);
  expect(results.map(({ changes }) => changes['optimizer.lr'])).toEqual([0.02, 0.01, 0.05]);
  expect(results[0]).toMatchObject({ epochs: recipe.epochs, parameters: 19_000 });
  expect(results[0].valAccuracy).toBeCloseTo(0.99 + recipe.epochs / 1e4 + 1.5e-6, 12);
  expect(results[0].valAccuracies).toHaveLength(2);
  // Two values 1e-6 apart.
  expect(results[0].deviation).toBeCloseTo(1e-6 / Math.SQRT2, 12);
});

test('a grid of two fields has all pairs', () => {
  const change = { 'optimizer.lr': { values: [1, 2] }, batchSize: { values: [32, 64] } };
  expect(listTrials({ search: 'grid', change })).toHaveLength(4);
});

test('successive halving trains the best for longer, and ranks those', async () => {
  const space = grid([0.01, 0.02, 0.03, 0.05], { halving: { epochs: [1, 4, 9], keep: 0.5 } });
  const { run, trained } = sweepOf(space);
  const { results } = await run();
  expect(trained.map((line) => line.split(' ')[1])).toEqual(['1', '1', '1', '1', '4', '4', '9']);
  expect(results).toHaveLength(1);
  expect(results[0].changes).toEqual({ 'optimizer.lr': 0.02 });
});

test('a random search draws the same trials again, within their bounds', () => {
  const space: Space = {
    recipe: name,
    search: 'random',
    trials: 50,
    seed: 3,
    change: {
      'optimizer.lr': { low: 1e-3, high: 1e-1, log: true },
      'schedule.pctStart': { low: 0.1, high: 0.4 },
      batchSize: { values: [32, 64] },
    },
  };
  const trials = listTrials(space);
  expect(listTrials(space)).toEqual(trials);
  expect(trials).toHaveLength(50);
  const rates = trials.map((changes) => changes['optimizer.lr'] as number);
  expect(rates.every((lr) => lr >= 1e-3 && lr <= 1e-1)).toBe(true);
  // Half of the logarithms lie below the middle one.
  expect(rates.filter((lr) => lr < 1e-2).length).toBeGreaterThan(12);
  expect(rates.filter((lr) => lr < 1e-2).length).toBeLessThan(38);
  expect(new Set(trials.map(({ batchSize }) => batchSize))).toEqual(new Set([32, 64]));
});

describe('a sweep that ended early', () => {
  test('goes on with what is missing, and ends as if it had not', async () => {
    const space = grid([0.01, 0.02, 0.05], { halving: { epochs: [1, 2], keep: 0.5 } });
    const whole = await sweepOf(space).run();
    const { run, trained } = sweepOf(space);
    expect((await run(2)).interrupted).toBe(true);
    trained.length = 0;
    expect(await run()).toEqual(whole);
    expect(trained).toEqual(['0.05 1 1', '0.02 2 1', '0.01 2 1']);
    trained.length = 0;
    expect(await run()).toEqual(whole);
    expect(trained).toEqual([]);
  });

  test('by a kill in the middle of a line, loses that line only', async () => {
    const { run, trained, out } = sweepOf(grid([0.01, 0.02]));
    const whole = await run();
    const text = await readFile(out, 'utf8');
    await writeFile(out, text.slice(0, -20));
    trained.length = 0;
    expect(await run()).toEqual(whole);
    expect(trained).toHaveLength(1);
    expect(await readFile(out, 'utf8')).toBe(text);
  });
});

test('results of another recipe, seed or number of epochs are not taken for these', async () => {
  const { run, out } = sweepOf(grid([0.02]));
  await run();
  const other = sweepOf(grid([0.02], { trainSeeds: [2] }), out);
  await other.run();
  expect(other.trained).toHaveLength(1);
});

test('a list has its trials as they are, in their order', async () => {
  const list = [{}, { 'optimizer.lr': 0.02, batchSize: 64 }, { labelSmoothing: 0.1 }];
  const { run, trained } = sweepOf({ recipe: name, search: 'list', list });
  expect((await run()).results[0].changes).toEqual(list[1]);
  expect(trained.map((line) => Number(line.split(' ')[0]))).toEqual([
    recipe.optimizer.lr,
    0.02,
    recipe.optimizer.lr,
  ]);
});

test('a trial that went bad stays last, also when it is read from the file', async () => {
  const space = grid([0.02, 0.01]);
  const out = join(folder, 'nan.jsonl');
  const options = {
    space,
    recipe,
    out,
    check: () => 19_000,
    train: async ({ optimizer: { lr } }: Recipe) => ({
      ...{ parameters: 19_000, accuracy: lr === 0.02 ? 0.1 : 0.98, loss: lr === 0.02 ? Number.NaN : 0.1 },
      ...{ trainAccuracy: 0.9, seconds: 1, interrupted: false },
    }),
  };
  const first = await runSweep(options);
  expect(first.results.map(({ valLoss }) => valLoss)).toEqual([0.1, Number.NaN]);
  expect(await runSweep(options)).toEqual(first);
});

test('epochs can be a field like any other', async () => {
  const change = { epochs: { values: [3, 5] } };
  const { run, trained } = sweepOf({ recipe: name, search: 'grid', change });
  expect((await run()).results.map(({ epochs }) => epochs)).toEqual([5, 3]);
  expect(trained.map((line) => line.split(' ')[1])).toEqual(['3', '5']);
});

test('a trial with too many parameters is refused in the file, and not trained', async () => {
  const change = { batchSize: { values: [1, 64] } };
  const { run, trained, out } = sweepOf({ recipe: name, search: 'grid', change });
  expect((await run()).results).toHaveLength(1);
  expect(trained).toHaveLength(1);
  expect(await readFile(out, 'utf8')).toContain('"refused":"30000 parameters are not fewer than 20000"');
});

test('a results file that cannot be written is an error before anything is trained', async () => {
  const { run, trained } = sweepOf(grid([0.01]), join(folder, 'folder'));
  await mkdir(join(folder, 'folder'));
  await expect(run()).rejects.toThrow('EISDIR');
  expect(trained).toEqual([]);
});

test('a line that is no result is an error that names it', async () => {
  const { run, out } = sweepOf(grid([0.01, 0.02]));
  await run();
  await appendFile(out, '{"epochs":3}\n');
  await expect(run()).rejects.toThrow(DataError);
  await expect(run()).rejects.toThrow('Line 3 of');
});

test('the table has a row for each trial, best first', async () => {
  const { results } = await sweepOf(grid([0.01, 0.02])).run();
  const lines = sweepTable(results).split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain('| optimizer.lr |');
  expect(lines[2]).toMatch(/^\| 99\.20 \| 0\.1000 \| 19000 \| 20 \| 1 \| 0\.02 \|$/);
});

test.each<[string, object]>([
  ['recipe', { recipe: 'toString' }],
  ['search', { search: 'Grid' }],
  ['trials', { trials: 5 }],
  ['trials', { search: 'random' }],
  ['seed', { seed: -1 }],
  ['trainSeeds', { trainSeeds: [] }],
  ['trainSeeds', { trainSeeds: [1, 1] }],
  ['trainSeeds[1]', { trainSeeds: [1, 1.5] }],
  ['change', { change: {} }],
  ["change['optimizer.lr']", { change: { 'optimizer.lr': 5 } }],
  ["change['optimizer.lr'].values", { change: { 'optimizer.lr': { values: [] } } }],
  ["change['optimizer.lr']", { change: { 'optimizer.lr': { low: 1, high: 2 } } }],
  ["change['x'].low", { search: 'random', trials: 2, change: { x: { low: 0, high: 2, log: true } } }],
  ["change['x'].high", { search: 'random', trials: 2, change: { x: { low: 2, high: 2 } } }],
  ['halving.epochs', { halving: { epochs: [4, 2], keep: 0.5 } }],
  ['list', { list: [{}] }],
  ['list', { search: 'list', change: undefined }],
  ['change', { search: 'list', list: [{}] }],
  ['change', { change: { epochs: { values: [1] } }, halving: { epochs: [2, 4], keep: 0.5 } }],
  ['halving.keep', { halving: { epochs: [2, 4], keep: 1 } }],
])('a space with a bad %s is refused', (field, wrong) => {
  const check = () => checkSpace({ ...grid([0.1]), ...wrong }, RECIPES);
  expect(check).toThrow(InvalidArgumentError);
  expect(check).toThrow(`\`${field}\``);
});

test('a space with a key that does not exist is refused', () => {
  const check = () => checkSpace({ ...grid([0.1]), trialz: 2 }, RECIPES);
  expect(check).toThrow('is not an option of the search space (did you mean `trials`?)');
});

test.each([
  'optimiser.lr',
  'optimizer.learningRate',
  'augmentation.7.affine',
  'constructor.name',
  'epochs.x',
])('a field %s that a recipe does not have is refused before anything is trained', async (path) => {
  const { run, trained } = sweepOf({ recipe: name, search: 'grid', change: { [path]: { values: [1] } } });
  await expect(run()).rejects.toThrow(path);
  expect(trained).toEqual([]);
});

test.each<[string, string, unknown]>([
  ['optimizer.kind', 'optimizer.kind', 'lion'],
  ['net.kind', 'net', { kind: 'resNet' }],
  ['schedule.kind', 'schedule.kind', 'cosine'],
  ['maxLr', 'optimizer', { kind: 'adamW', maxLr: 1, weightDecay: 0 }],
  ['gama', 'schedule', { kind: 'step', stepSize: 1, gama: 0.1 }],
  ['blocks[0]', 'net.blocks', ['pool']],
  ['degree', 'augmentation', [{ affine: { degree: 5 } }]],
  ['augmentation[0]', 'augmentation', [{ blur: 1 }]],
  ['epochs', 'epochs', 2.5],
  ['batchSize', 'batchSize', '64'],
  ['lr', 'optimizer.lr', -1],
  ['smoothing', 'labelSmoothing', 2],
  ['teacher.epochs', 'teacher', { recipe: 'teacher', epochs: 0, seed: 1, weight: 0.5, temperature: 1 }],
  ['teacher.recipe', 'teacher', { recipe: 'nobody', epochs: 1, seed: 1, weight: 0.5, temperature: 1 }],
  ['teacher.seed', 'teacher', { recipe: 'teacher', epochs: 1, seed: [], weight: 0.5, temperature: 1 }],
  ['teacher.recipe', 'teacher', { recipe: 'race-99.0', epochs: 1, seed: 1, weight: 0.5, temperature: 1 }],
  ['batches', 'batches', 0],
  ['crop', 'crop', 27],
  ['teacher.seed', 'teacher', { recipe: 'teacher', epochs: 1, seed: -1, weight: 0.5, temperature: 1 }],
  ['teacher.weight', 'teacher', { recipe: 'teacher', epochs: 1, seed: 1, weight: 2, temperature: 1 }],
  ['teacher.temperature', 'teacher', { recipe: 'teacher', epochs: 1, seed: 1, weight: 1, temperature: 0 }],
  ['alpha', 'mixup', { alpha: 0, probability: 1 }],
])('a trial whose %s cannot be is refused', (field, path, value) => {
  const [changes] = listTrials({ search: 'grid', change: { [path]: { values: [value] } } });
  expect(() => checkRecipe(applyChanges(recipe, changes))).toThrow(InvalidArgumentError);
  expect(() => checkRecipe(applyChanges(recipe, changes))).toThrow(`\`${field}\``);
});

test.each(Object.entries(RECIPES))('the recipe %s passes the same checks', (_name, recipe) => {
  expect(checkRecipe(recipe)).toBeLessThan(recipe.below);
});

test('every row of the ablation passes the same checks', () => {
  for (const { changes } of ABLATION) checkRecipe(applyChanges(BASELINE, changes));
});

test('the table of the ablation has the rows in their order, with the difference from the first', () => {
  const results = ABLATION.map(({ changes }, i) => ({
    changes,
    epochs: 20,
    parameters: 100 + i,
    valAccuracy: 0.98 + i / 1000,
    valLoss: 0.1,
    valAccuracies: [0.97 + i / 1000, 0.99 + i / 1000],
    deviation: 0.001,
  }));
  const lines = ablationTable(results.toReversed()).split('\n');
  expect(lines).toHaveLength(ABLATION.length + 2);
  expect(lines[2]).toBe(`| ${ABLATION[0].name} | 100 | 98.00 ± 0.10 | 97.00, 99.00 |  |  |`);
  expect(lines[3]).toBe(`| ${ABLATION[1].name} | 101 | 98.10 ± 0.10 | 97.10, 99.10 | better | +0.10 |`);
});
