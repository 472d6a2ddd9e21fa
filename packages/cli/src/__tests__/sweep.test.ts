import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  checkSpace,
  listTrials,
  type RankedTrial,
  runSweep,
  type SearchSpace,
  sweepPlot,
  sweepTable,
} from '@mnist-kit/cli';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from './run-cli.js';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist kit sweep '));
});
afterAll(() => rm(folder, { recursive: true }));

interface Settings {
  readonly lr: number;
  readonly epochs: number;
  readonly width?: number;
}

/** A sweep whose trainings are a formula: the nearer the rate to 0.02, and the more epochs, the better. */
function sweepOf(space: SearchSpace, out = join(folder, `${files++}.jsonl`)) {
  const trained: string[] = [];
  const run = (stopAfter = Number.POSITIVE_INFINITY) =>
    runSweep<Settings>({
      ...{ space, base: { lr: 0.1, epochs: 20 }, out },
      apply: (base, changes) => ({ ...base, ...changes }),
      check: ({ width = 1 }) => ({ parameters: width, ...(width > 9 && { refused: 'too wide' }) }),
      key: (settings, seed) => JSON.stringify([settings, seed]),
      train: async ({ lr, epochs }, seed) => {
        trained.push(`${lr} ${epochs} ${seed}`);
        const accuracy = 0.99 - Math.abs(lr - 0.02) + epochs / 1e4 + seed / 1e6;
        return {
          accuracy,
          loss: 0.1,
          trainAccuracy: 0.9,
          seconds: 1,
          interrupted: trained.length > stopAfter,
        };
      },
    });
  return { run, trained, out };
}

const grid = (values: unknown[], more: Partial<SearchSpace> = {}): SearchSpace => ({
  ...{ search: 'grid', change: { lr: { values } } },
  ...more,
});

test('a grid trains every combination and ranks them, the better first', async () => {
  const { run, trained } = sweepOf(grid([0.01, 0.02, 0.05], { trainSeeds: [1, 2] }));
  const { results } = await run();
  expect(trained).toHaveLength(6);
  expect(results.map(({ changes }) => changes.lr)).toEqual([0.02, 0.01, 0.05]);
  expect(results[0].valAccuracies).toHaveLength(2);
  // Two values 1e-6 apart.
  expect(results[0].deviation).toBeCloseTo(1e-6 / Math.SQRT2, 12);
  expect(sweepTable(results).split('\n')[2]).toMatch(/^\| 99\.20 \| 0\.1000 \| 1 \| 20 \| 2 \| 0\.02 \|$/);
});

test('successive halving trains the best for longer, and ranks those', async () => {
  const { run, trained } = sweepOf(
    grid([0.01, 0.02, 0.03, 0.05], { halving: { epochs: [1, 4, 9], keep: 0.5 } }),
  );
  const { results } = await run();
  expect(trained.map((line) => line.split(' ')[1])).toEqual(['1', '1', '1', '1', '4', '4', '9']);
  expect(results.map(({ changes }) => changes)).toEqual([{ lr: 0.02 }]);
});

test('a random search draws the same trials again, within their bounds', () => {
  const space = checkSpace({
    ...{ search: 'random', trials: 50, seed: 3 },
    change: { lr: { low: 1e-3, high: 1e-1, log: true }, batchSize: { values: [32, 64] } },
  });
  const trials = listTrials(space);
  expect(listTrials(space)).toEqual(trials);
  const rates = trials.map(({ lr }) => lr as number);
  expect(rates.every((lr) => lr >= 1e-3 && lr <= 1e-1)).toBe(true);
  // Half of the logarithms lie below the middle one.
  expect(rates.filter((lr) => lr < 1e-2).length).toBeGreaterThan(12);
  expect(rates.filter((lr) => lr < 1e-2).length).toBeLessThan(38);
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
  });

  test('by a kill in the middle of a line, loses that line only', async () => {
    const { run, trained, out } = sweepOf(grid([0.01, 0.02]));
    const whole = await run();
    await writeFile(out, (await readFile(out, 'utf8')).slice(0, -20));
    trained.length = 0;
    expect(await run()).toEqual(whole);
    expect(trained).toHaveLength(1);
    await appendFile(out, 'no result\n');
    await expect(run()).rejects.toThrow(DataError);
  });
});

describe('a results file that a sweep is writing to', () => {
  /** A sweep that stands still in its first training until it is let go. */
  async function standing(out: string) {
    let go = () => {};
    let begun = () => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const released = new Promise<void>((resolve) => {
      go = resolve;
    });
    const sweep = runSweep<Settings>({
      ...{ space: grid([0.01]), base: { lr: 0.1, epochs: 1 }, out, check: () => ({ parameters: 1 }) },
      apply: (base, changes) => ({ ...base, ...changes }),
      key: (settings, seed) => JSON.stringify([settings, seed]),
      train: async () => {
        begun();
        await released;
        return { accuracy: 0.9, loss: 0.1, trainAccuracy: 0.9, seconds: 1, interrupted: false };
      },
    });
    await started;
    return { sweep, go };
  }

  test('is refused to a second one, under any of its names, and free when the first has ended', async () => {
    const { run, trained, out } = sweepOf(grid([0.01, 0.02]));
    const first = await standing(out);
    const link = join(folder, 'another name.jsonl');
    await symlink(out, link);
    for (const name of [out, link]) {
      const second = sweepOf(grid([0.05]), name);
      await expect(second.run()).rejects.toThrow(InvalidArgumentError);
      await expect(second.run()).rejects.toThrow(
        `\`out\` must be a file of this sweep alone, and another sweep of this process is writing its results there`,
      );
      expect(second.trained).toEqual([]);
    }
    first.go();
    await first.sweep;
    await run();
    expect(trained).toHaveLength(2);
    expect((await readFile(out, 'utf8')).trimEnd().split('\n')).toHaveLength(3);
    expect(await readdir(folder)).not.toContain(`${basename(out)}.lock`);
  });

  test('is refused to a second one by the number of the process that has it, and taken from one that is gone', async () => {
    const { run, out } = sweepOf(grid([0.01]));
    const lock = `${out}.lock`;
    await writeFile(lock, JSON.stringify({ pid: process.ppid, host: hostname() }));
    await expect(run()).rejects.toThrow(`process ${process.ppid} is writing its results there`);
    await expect(run()).rejects.toThrow(`or delete ${lock} if that process is no sweep`);
    await writeFile(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
    expect((await run()).results).toHaveLength(1);
  });

  test('is free again after a training that failed', async () => {
    const { run, out } = sweepOf(grid([0.01]));
    await appendFile(out, 'no result\n');
    await expect(run()).rejects.toThrow(DataError);
    await writeFile(out, '');
    expect((await run()).results).toHaveLength(1);
  });
});

test('the plot of a sweep has an axis for everything that the trials change, and accuracy last', async () => {
  const trial = (lr: number, teacher?: object): RankedTrial => ({
    changes: { 'optimizer.lr': lr, ...(teacher && { teacher }) },
    ...{ epochs: 2, parameters: 979, valAccuracy: 0.98 + lr, valLoss: 0.1, valAccuracies: [0.98 + lr] },
  });
  const change = { 'optimizer.lr': { low: 0.001, high: 0.01, log: true } };
  const bad = { ...trial(0.005), valAccuracy: Number.NaN };
  const svg = await sweepPlot(
    [trial(0.01), trial(0.001, { kind: 'net' }), bad],
    { change },
    { title: 'Trials' },
  );
  for (const text of ['Trials', 'optimizer.lr', 'teacher', 'as it is', 'parameters', 'valAccuracy'])
    expect(svg).toContain(`>${text}<`);
});

test('a trial that is refused is noted and not trained', async () => {
  const { run, trained, out } = sweepOf({ search: 'list', list: [{ width: 10 }, { width: 2 }] });
  expect((await run()).results.map(({ changes }) => changes)).toEqual([{ width: 2 }]);
  expect(trained).toHaveLength(1);
  expect(await readFile(out, 'utf8')).toContain('too wide');
});

test.each([
  [[], 'must be an object'],
  [{ search: 'all' }, "`search` must be 'grid', 'random' or 'list'"],
  [{ search: 'grid' }, '`change` must say'],
  [{ search: 'grid', change: { lr: { low: 0, high: 1 } } }, 'of a grid must be { values }'],
  [{ search: 'random', trials: 0, change: { lr: { values: [1] } } }, '`trials` must be a whole number'],
  [{ search: 'random', trials: 2, change: { lr: { low: 0, high: 1, log: true } } }, 'above 0'],
  [{ search: 'grid', change: { lr: { values: [1] } }, trialSeeds: [1] }, '`trialSeeds` is not an option'],
  [
    { search: 'grid', change: { epochs: { values: [1] } }, halving: { epochs: [1, 2], keep: 0.5 } },
    'halving sets them',
  ],
])('the space %j is refused', (space, message) => {
  expect(() => checkSpace(space)).toThrow(InvalidArgumentError);
  expect(() => checkSpace(space)).toThrow(message);
});

test('mnist-kit sweep trains what a space of config fields says, once', async () => {
  const space = join(folder, 'space.yaml');
  await writeFile(
    space,
    'search: grid\nchange:\n  optimizer.kind: { values: [Muon, SGD] }\n  batchSize: { values: [64] }\n',
  );
  const set = [
    ...['data.validation=500', 'data.trainSamples=320', 'epochs=1', 'augmentation=[]', 'scheduler=null'],
    'model={kind: compactNet, blocks: [{conv: 4}, maxPool, {conv: 8}, maxPool]}',
  ];
  const files = ['--out', 'results.jsonl', '--plot', 'plots/sweep.svg'];
  const args = ['sweep', space, ...files, ...set.flatMap((one) => ['--set', one]), '--json'];
  const { code, json, stderr } = await runCli(args, { cwd: folder });
  expect(stderr).toContain('| validation, % | loss |');
  expect(code).toBe(0);
  const { results } = json as { results: { changes: object; parameters: number }[] };
  expect(results).toHaveLength(2);
  expect(results.map(({ changes }) => changes)).toContainEqual({ 'optimizer.kind': 'SGD', batchSize: 64 });
  const lines = await readFile(join(folder, 'results.jsonl'), 'utf8');
  expect(lines.trimEnd().split('\n')).toHaveLength(2);
  expect(await readFile(join(folder, 'plots', 'sweep.svg'), 'utf8')).toContain('>optimizer.kind<');
  // Again: nothing is left to train.
  const again = await runCli([...args, '--threads', '1'], { cwd: folder });
  expect(again.json).toEqual(json);
  expect(await readFile(join(folder, 'results.jsonl'), 'utf8')).toBe(lines);
  const wrong = await runCli([...args.slice(0, -1), '--set', 'optimizer.lr=-1'], { cwd: folder });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/`optimizer.lr` must be a number above 0/);
  const plot = await runCli(['sweep', space, '--out', 'other.jsonl', '--plot', 'plot.pdf'], { cwd: folder });
  expect(plot.code).toBe(2);
  expect(plot.stderr).toMatch(/--plot.*\.svg or \.png/);
}, 120_000);
