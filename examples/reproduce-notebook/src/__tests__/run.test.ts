import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@mnist-kit/models';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExperimentResult } from '../results.js';
import { cli, cliWithSignal, type Outcome } from './run-cli.js';

let folder: string;
let outcome: Outcome;
let result: ExperimentResult;

/** Where it does not matter how good the weights are. */
const FEW = ['--eval-samples', '300'];

/** Where the first run of these tests leaves its files. */
const out = (file: string) => join(folder, 'run', file);

function parse(stdout: string): ExperimentResult {
  const { experiments } = JSON.parse(stdout) as { experiments: ExperimentResult[] };
  return experiments[0];
}

/** What does not depend on how fast the machine is. */
function withoutTimings({ epochs, test }: ExperimentResult) {
  return { epochs: epochs.map(({ seconds: _, itPerSecond: __, ...rest }) => rest), test };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-run-'));
  outcome = await cli(['--epochs', '3', '--train-samples', '12800', '--out', 'run', '--json'], folder);
  if (outcome.code === 0) result = parse(outcome.stdout);
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

test('training on 12,800 real digits for three epochs reaches 82% of the 10,000 test digits', () => {
  expect(outcome.stderr).toContain('Test Acc');
  expect(outcome.code).toBe(0);
  expect(result.test?.accuracy).toBeGreaterThan(0.82);
  expect(result.best?.valAccuracy).toBeGreaterThan(0.78);
  expect(result.epochs[2].trainLoss).toBeLessThan(result.epochs[0].trainLoss);
});

test('--json leaves one line of JSON on stdout', () => {
  expect(outcome.stdout.trimEnd().split('\n')).toHaveLength(1);
});

test('the printed training loss is the mean over the samples divided by the batch size', () => {
  // 12,800 samples are 100 whole batches of 128, so the notebook's slip is off by exactly 128.
  for (const { trainLoss, trainLossAsPrinted } of result.epochs) {
    expect(trainLossAsPrinted * 128).toBeCloseTo(trainLoss, 5);
  }
});

test('results.json and history.csv hold what stdout says', async () => {
  expect(JSON.parse(await readFile(out('results.json'), 'utf8'))).toEqual(result);
  const [header, ...rows] = (await readFile(out('history.csv'), 'utf8')).trimEnd().split('\n');
  const columns = header.split(',');
  const records = rows.map((row) =>
    Object.fromEntries(row.split(',').map((cell, i) => [columns[i], Number(cell)])),
  );
  expect(records).toEqual(result.epochs);
});

test('curves are written as SVG and PNG, and the report needs nothing from elsewhere', async () => {
  expect(await readFile(out('curves.svg'), 'utf8')).toMatch(/^<svg[\s>]/);
  const png = await readFile(out('curves.png'));
  expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const report = await readFile(out('report.html'), 'utf8');
  expect(report).toContain('OptimizedNet');
  expect(report).not.toMatch(/(src|href)="(https?:)?\/\//);
});

test('the best weights are kept under the names of PyTorch', async () => {
  const weights = readSafetensors(await readFile(out('best.safetensors')));
  expect(weights['conv1.weight'].shape).toEqual([8, 1, 3, 3]);
  expect(weights['fc.weight'].shape).toEqual([10, 32]);
});

test('one thread and two end with the same bits', async () => {
  const run = async (threads: string) => {
    const args = [
      '--epochs',
      '1',
      '--train-samples',
      '640',
      ...FEW,
      '--threads',
      threads,
      '--out',
      threads,
      '--json',
    ];
    return parse((await cli(args, folder)).stdout);
  };
  const one = await run('1');
  const two = await run('2');
  expect(one.engine).not.toBe(two.engine);
  expect(withoutTimings(two)).toEqual(withoutTimings(one));
  expect([one.trainSamples, one.valSamples]).toEqual([640, 300]);
  const weights = (threads: string) => readFile(join(folder, threads, 'best.safetensors'));
  expect((await weights('2')).equals(await weights('1'))).toBe(true);
}, 120_000);

test('a second run that is interrupted in its first epoch has nothing of the first among its files', async () => {
  const args = (samples: string) => [
    ...['--epochs', '1', '--train-samples', samples, ...FEW, '--out', 'twice', '--json'],
  ];
  const first = await cli(args('640'), folder);
  expect(first.code).toBe(0);
  const whole = (await readdir(join(folder, 'twice'))).sort();
  const said = `What an earlier fit left in ${join(folder, 'twice')} is in ${join(folder, 'twice', 'previous-1')} now.`;
  const second = await cliWithSignal(args('50000'), folder, 'SIGHUP', said);
  expect(second.code).toBe(129);
  expect((await readdir(join(folder, 'twice', 'previous-1'))).sort()).toEqual(whole);
  const left = await readdir(join(folder, 'twice'));
  expect(left.filter((name) => !/^(previous-1|results\.json|checkpoints|last\..*)$/.test(name))).toEqual([]);
  expect(parse(second.stdout)).toMatchObject({ interrupted: true, epochs: [], best: null });
  const kept = await readFile(join(folder, 'twice', 'previous-1', 'results.json'), 'utf8');
  expect(JSON.parse(kept)).toEqual(parse(first.stdout));
}, 120_000);

test('Ctrl-C ends a run with code 130, keeps the best weights, and says so', async () => {
  const args = ['--epochs', '1000', '--train-samples', '640', ...FEW, '--out', 'interrupted', '--json'];
  const { code, stdout, stderr } = await cliWithSignal(args, folder, 'SIGINT', 'Epoch 1/1000');
  expect(code).toBe(130);
  expect(stderr).toMatch(/[Ii]nterrupted/);
  expect(stderr).toContain(join(folder, 'interrupted', 'best.safetensors'));
  const interrupted = parse(stdout);
  expect(interrupted.interrupted).toBe(true);
  expect(interrupted.test).toBeNull();
  await readFile(join(folder, 'interrupted', 'best.safetensors'));
}, 120_000);
