import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from '@mnist-kit/core';
import { type Callback, ModelCheckpoint, TensorBoardLogger, Trainer } from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loggedSteps } from './event-files.js';
import golden from './fixtures/event-files.json' with { type: 'json' };
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tensorboard-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

function setup(callbacks: Callback[]) {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const trainer = new Trainer({ model, executor, optimizer: sgd(0.5), loss: nll, callbacks, log: () => {} });
  return { executor, trainer };
}

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('writes byte for byte what TensorBoard writes', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(golden.wallTime * 1000);
  const logger = new TensorBoardLogger({ dir, hyperparameters: { lr: 0.001 } });
  logger.addScalar('epoch/valLoss', 0.1, 300);
  logger.addScalar('ä', -2.5, 0);
  logger.addScalar('late', 1, 5_000_000_000);
  logger.addImage('confusion', bytes(golden.png), 300);
  logger.addHistogram('conv1/kernel', Float32Array.from(golden.values), 300);
  await setup([logger]).trainer.fit(train(), { signal: AbortSignal.abort() });
  const { version, hyperparameters, scalar, scalarAtZero, scalarLate, image, histogram, sessionEnd } = golden;
  const records = [version, hyperparameters, scalar, scalarAtZero, scalarLate, image, histogram, sessionEnd];
  const [file] = readdirSync(dir);
  expect(file).toContain('tfevents');
  expect(readFileSync(join(dir, file))).toEqual(Buffer.concat(records.map(bytes)));
});

test('a resumed fit tells readers to drop what it does again', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(golden.wallTime * 1000);
  const checkpoint = () => new ModelCheckpoint({ dir: join(dir, 'run'), monitor: 'trainLoss' });
  await setup([checkpoint()]).trainer.fit(new ListLoader(threeClasses(299), { batchSize: 1 }));
  const { trainer } = setup([checkpoint(), new TensorBoardLogger({ dir: join(dir, 'events') })]);
  await trainer.fit(new ListLoader(threeClasses(299), { batchSize: 1 }), { resume: 'auto' });
  const [file] = readdirSync(join(dir, 'events'));
  const expected = Buffer.concat([golden.version, golden.restart].map(bytes));
  expect(readFileSync(join(dir, 'events', file))).toEqual(expected);
});

test.each([
  ['a day', golden.wallTime - 86_400],
  ['to its beginning', 12.5],
])(
  'what a resumed fit logs comes after what was there, also where the clock was set back %s',
  async (_, later) => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(golden.wallTime * 1000);
    const callbacks = () => [
      new TensorBoardLogger({ dir: join(dir, 'events'), everyNSteps: 1 }),
      new ModelCheckpoint({ dir: join(dir, 'run'), monitor: 'trainLoss' }),
    ];
    await setup(callbacks()).trainer.fit(train(), { epochs: 1 });
    clock.mockReturnValue(later * 1000);
    await setup(callbacks()).trainer.fit(train(), { epochs: 2, resume: 'auto' });
    clock.mockReturnValue(golden.wallTime * 1000);
    await setup(callbacks()).trainer.fit(train(), { epochs: 3, resume: 'auto' });
    expect(loggedSteps(join(dir, 'events'), 'step/loss')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  },
);

test('names bad options and images', () => {
  expect(() => new TensorBoardLogger({ dir: '' })).toThrow(InvalidArgumentError);
  expect(() => new TensorBoardLogger({ dir, everyNSteps: -1 })).toThrow(
    '`everyNSteps` must be 0 or a positive',
  );
  const hyperparameters = { layers: [8, 16] } as unknown as Record<string, number>;
  expect(() => new TensorBoardLogger({ dir, hyperparameters })).toThrow(
    '`hyperparameters.layers` must be text',
  );
  expect(() => new TensorBoardLogger({ dir }).addImage('x', new Uint8Array(9), 0)).toThrow(
    '`png` must be a PNG file',
  );
});

/** A Python that has TensorBoard, where there is one. */
const python = [process.env.TENSORBOARD_PYTHON, 'python3'].find(
  (command) => command && spawnSync(command, ['-c', 'import tensorboard']).status === 0,
);

test.skipIf(python === undefined)(
  'TensorBoard reads scalars, histograms, images and hyperparameters',
  async () => {
    const hyperparameters = { lr: 0.5, optimizer: 'sgd', nesterov: false };
    const logger = new TensorBoardLogger({ dir, everyNSteps: 2, histograms: true, hyperparameters });
    const sums: number[] = [];
    const spy: Callback = {
      onTrainBatchEnd: (run) => {
        if (run.step === 1) logger.addImage('digits', bytes(golden.png), 1);
      },
      onEpochEnd: () => void sums.push(executor.parameters[0].value.reduce((sum, value) => sum + value, 0)),
    };
    const { executor, trainer } = setup([spy, logger]);
    const history = await trainer.fit(train(), { val: new ListLoader(threeClasses(6)), epochs: 4 });
    const script = fileURLToPath(new URL('fixtures/read_event_files.py', import.meta.url));
    const { stdout, stderr } = spawnSync(python!, [script, dir], { encoding: 'utf8' });
    const read = stdout === '' ? stderr : JSON.parse(stdout);
    expect(read.hparams).toEqual(hyperparameters);
    expect(read.images).toEqual({ digits: [[1, 3, 2]] });
    expect(read.scalars['step/loss'].map(([step]: number[]) => step)).toEqual([2, 4, 6, 8, 10, 12]);
    const expected = history.epochs.map(({ step, valLoss }) => [step, Math.fround(valLoss as number)]);
    expect(read.scalars['epoch/valLoss']).toEqual(expected);
    const histograms = read.histograms['fc/kernel'] as [number, number, number][];
    expect(histograms.map(([step, count]) => [step, count])).toEqual([3, 6, 9, 12].map((step) => [step, 12]));
    for (const [i, [, , sum]] of histograms.entries()) expect(sum).toBeCloseTo(sums[i], 6);
  },
);
