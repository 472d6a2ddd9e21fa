import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator, InvalidArgumentError, ModelError } from '@mnist-kit/core';
import type { ExecutorOptions } from '@mnist-kit/engine';
import {
  type Callback,
  CsvLogger,
  EarlyStopping,
  type ExecutorFactory,
  ModelCheckpoint,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

function setup(options: Partial<TrainerOptions> = {}) {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const trainer = new Trainer({ model, executor, optimizer: sgd(0.5), loss: nll, log: () => {}, ...options });
  return { model, executor, trainer };
}

const train = (count = 12, batchSize = 4) => new ListLoader(threeClasses(count), { batchSize });
const val = () => new ListLoader(threeClasses(12), { batchSize: 4 });

test('accumulated batches train like one large batch', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (size, batches) => {
        const samples = size * batches * 2;
        const small = setup({ accumulateGradBatches: batches });
        const history = await small.trainer.fit(train(samples, size), { epochs: 2 });
        const large = setup();
        const expected = await large.trainer.fit(train(samples, size * batches), { epochs: 2 });
        expect(history.last!.step).toBe(expected.last!.step);
        expect(history.last!.trainLoss).toBeCloseTo(expected.last!.trainLoss, 5);
        for (const [i, value] of small.executor.parameters[0].value.entries())
          expect(value).toBeCloseTo(large.executor.parameters[0].value[i], 5);
      },
    ),
    { numRuns: 25 },
  );
});

test('batches too few for a full update make a smaller one', async () => {
  const small = setup({ accumulateGradBatches: 2 });
  const history = await small.trainer.fit(train(12, 4), { epochs: 1 });
  expect(history.last!.step).toBe(2);
  const lone = setup();
  // Eight samples, then four: the same two updates.
  const uneven = {
    async *[Symbol.asyncIterator]() {
      yield* new ListLoader(threeClasses(8), { batchSize: 8 }) as AsyncIterable<never>;
      yield* new ListLoader(threeClasses(12).slice(8), { batchSize: 4 }) as AsyncIterable<never>;
    },
  };
  await lone.trainer.fit(uneven);
  for (const [i, value] of small.executor.parameters[0].value.entries())
    expect(value).toBeCloseTo(lone.executor.parameters[0].value[i], 5);
});

test('safe points and steps are those of updates when batches are accumulated', async () => {
  const seen: string[] = [];
  const spy: Callback = {
    onTrainBatchEnd: (run, { batch }) => void seen.push(`batch ${batch} step ${run.step}`),
    onSafePoint: (run) => void seen.push(`safe ${run.step}`),
  };
  await setup({ accumulateGradBatches: 2, callbacks: [spy] }).trainer.fit(train(16, 4));
  expect(seen).toEqual([
    ...['batch 0 step 0', 'batch 1 step 1', 'safe 1', 'batch 2 step 1', 'batch 3 step 2', 'safe 2', 'safe 2'],
  ]);
});

test('limits the batches of training and validation, by number or fraction', async () => {
  for (const limit of [2, 0.7]) {
    const { executor, trainer } = setup({ limitTrainBatches: limit, limitValBatches: limit });
    const history = await trainer.fit(train(), { val: val(), epochs: 2 });
    expect(history.last!.step).toBe(4);
    expect(executor.calls.filter((call) => call === 'predict 4')).toHaveLength(4);
  }
  await expect(setup({ limitTrainBatches: 1.5 }).trainer.fit(train())).rejects.toThrow(
    '`limitTrainBatches` must be a number of batches, or a fraction below 1. Received: limitTrainBatches=1.5',
  );
  const unsized = { [Symbol.asyncIterator]: () => train()[Symbol.asyncIterator]() };
  await expect(setup({ limitTrainBatches: 0.5 }).trainer.fit(unsized)).rejects.toThrow(
    'for a loader without a length',
  );
});

test('fastDevRun runs a batch of everything and writes nothing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'options-'));
  const callbacks = [
    new ModelCheckpoint({ dir, monitor: 'valLoss' }),
    new CsvLogger({ path: join(dir, 'history.csv') }),
    new EarlyStopping({ monitor: 'valLoss', patience: 1 }),
  ];
  const { executor, trainer } = setup({ fastDevRun: true, callbacks });
  const history = await trainer.fit(train(), { val: val(), epochs: 50 });
  expect(history.epochs).toHaveLength(1);
  expect(executor.calls.filter((call) => /^(trainStep|predict)/.test(call))).toEqual([
    'trainStep 4',
    'predict 4',
  ]);
  expect(readdirSync(dir)).toEqual([]);
  rmSync(dir, { recursive: true });
});

test('fastDevRun runs as many batches as it says', async () => {
  const { executor, trainer } = setup({ fastDevRun: 2 });
  await trainer.fit(train(), { val: val(), epochs: 50 });
  expect(executor.calls.filter((call) => /^(trainStep|predict)/.test(call))).toHaveLength(4);
});

test('engine, threads, vectors, reproducible and the batch size reach the maker of the executor', async () => {
  const asked: ExecutorOptions[] = [];
  const executor: ExecutorFactory = (model, options) => {
    asked.push(options);
    return new LinearExecutor(model);
  };
  const options = { engine: 'plan', threads: 3, vectors: 128, reproducible: false } as const;
  await setup({ executor, ...options }).trainer.fit(train());
  expect(asked).toEqual([{ ...options, batchSize: 4 }]);
});

test('handleSignals: false leaves signals alone', async () => {
  const before = process.listenerCount('SIGINT');
  let during = -1;
  const spy: Callback = {
    onEpochStart: () => {
      during = process.listenerCount('SIGINT');
    },
  };
  await setup({ handleSignals: false, callbacks: [spy] }).trainer.fit(train());
  expect(during).toBe(before);
});

test.each([
  [{ everyNEpochs: 2 }, ['epoch 2', 'epoch 4', 'epoch 5']],
  [{ everyNEpochs: 0, everyNSteps: 4 }, ['step 4', 'step 8', 'step 12']],
  [{ everyNEpochs: 0, everyNMinutes: 1e-9, everyNSteps: 0 }, undefined],
  [{ saveState: false }, []],
])('ModelCheckpoint %o saves the state when it is due', async (options, expected) => {
  const dir = mkdtempSync(join(tmpdir(), 'options-'));
  const checkpoint = new ModelCheckpoint({ dir, keepStates: 1000, ...options });
  await setup({ callbacks: [checkpoint] }).trainer.fit(train(), { epochs: 5 });
  const folder = join(dir, 'checkpoints');
  const saved = (existsSync(folder) ? readdirSync(folder) : []).map((name) => {
    const { position } = JSON.parse(readFileSync(join(folder, name, 'state.json'), 'utf8'));
    return position.epochFinished ? `epoch ${position.epoch}` : `step ${position.step}`;
  });
  // Any time is more than a billionth of a minute: after every step, and after the epoch's end.
  if (expected === undefined) expect(saved).toHaveLength(5 * 3 + 5);
  else expect(saved).toEqual(expected);
  rmSync(dir, { recursive: true });
});

test('overfitBatches trains and validates on the same few batches', async () => {
  const generator = new Generator(1);
  const { trainer } = setup({ overfitBatches: 2 });
  const loader = new ListLoader(threeClasses(40), { generator, noise: 5 });
  const history = await trainer.fit(loader, { val: val(), epochs: 60 });
  expect(loader.words).toHaveLength(2);
  expect(history.last).toMatchObject({ step: 120, trainAccuracy: 1, valAccuracy: 1 });
});

test('validates every few epochs, and after the last', async () => {
  const stopping = new EarlyStopping({ monitor: 'valLoss', patience: 5 });
  const { trainer } = setup({ valEvery: 2, callbacks: [stopping] });
  const history = await trainer.fit(train(), { val: val(), epochs: 5 });
  expect(history.epochs.map(({ valLoss }) => typeof valLoss)).toEqual([
    'undefined',
    'number',
    'undefined',
    'number',
    'number',
  ]);
  expect(stopping.bestEpoch).toBe(5);
});

test('validates inside an epoch', async () => {
  const order: string[] = [];
  const spy: Callback = {
    onTrainBatchEnd: (_, { batch }) => void order.push(`train ${batch}`),
    onValidationEnd: () => void order.push('validate'),
  };
  const { trainer } = setup({ valEvery: 0.4, callbacks: [spy] });
  const history = await trainer.fit(train(20, 4), { val: val() });
  expect(order).toEqual([
    'train 0',
    'train 1',
    'validate',
    'train 2',
    'train 3',
    'validate',
    'train 4',
    'validate',
  ]);
  expect(history.validations.map(({ epoch, batch, step }) => [epoch, batch, step])).toEqual([
    [1, 2, 2],
    [1, 4, 4],
  ]);
  expect(history.validations[1].valLoss).toBeLessThan(history.validations[0].valLoss!);
});

test('a validation that is due inside an update comes after it', async () => {
  const { trainer } = setup({ valEvery: 0.3, accumulateGradBatches: 2 });
  const history = await trainer.fit(train(40, 4), { val: val() });
  // Due after batches 3, 6 and 9, and at the end.
  expect(history.validations.map(({ batch }) => batch)).toEqual([4, 6]);
  expect(history.last!.valLoss).toBeDefined();
});

test('a fraction of an epoch needs a loader with a length', async () => {
  const unsized = { [Symbol.asyncIterator]: () => train()[Symbol.asyncIterator]() };
  await expect(setup({ valEvery: 0.5 }).trainer.fit(unsized, { val: val() })).rejects.toThrow(
    '`valEvery` must be a number of epochs for a training loader without a length. Received: valEvery=0.5',
  );
});

test('deterministic is another name for reproducible', async () => {
  const asked: (boolean | undefined)[] = [];
  for (const options of [{}, { deterministic: false }, { reproducible: false }, { deterministic: true }]) {
    const executor: ExecutorFactory = (model, { reproducible }) => {
      asked.push(reproducible);
      return new LinearExecutor(model);
    };
    await setup({ executor, ...options }).trainer.fit(train());
  }
  expect(asked).toEqual([undefined, false, false, true]);
  expect(() => setup({ deterministic: true, reproducible: false })).toThrow(
    '`deterministic` must not differ from `reproducible`',
  );
});

test('sanity steps look at the validation data first and leave no trace', async () => {
  const generator = new Generator(1);
  const loader = () => new ListLoader(threeClasses(12), { generator, noise: 0.1 });
  const { executor, trainer } = setup({ numSanityValSteps: 2, generator });
  await trainer.fit(loader(), { val: loader() });
  expect(executor.calls.slice(0, 3)).toEqual(['predict 4', 'predict 4', 'drawMasks 4']);
  const plainGenerator = new Generator(1);
  const plain = setup({ generator: plainGenerator });
  const plainLoader = () => new ListLoader(threeClasses(12), { generator: plainGenerator, noise: 0.1 });
  await plain.trainer.fit(plainLoader(), { val: plainLoader() });
  expect(executor.parameters[0].value).toEqual(plain.executor.parameters[0].value);
  const bad = new ListLoader([{ pixels: [0, 0, 0, 0], label: 7 }]);
  const failing = setup({ numSanityValSteps: 1 });
  await expect(failing.trainer.fit(train(), { val: bad })).rejects.toThrow(ModelError);
  expect(failing.executor.calls).toEqual([]);
});

test('maxSteps ends a fit, with the validation of the epoch that it completes', async () => {
  const inside = await setup({ maxSteps: 4 }).trainer.fit(train(), { val: val(), epochs: 9 });
  expect([inside.epochs.length, inside.stopReason, inside.stopMessage]).toEqual([
    1,
    'stopped',
    'maxSteps 4 reached',
  ]);
  const atEnd = await setup({ maxSteps: 6 }).trainer.fit(train(), { val: val(), epochs: 9 });
  expect(atEnd.epochs.map(({ step }) => step)).toEqual([3, 6]);
});

test('maxTime and gradientClip stand for their callbacks', async () => {
  const timed = await setup({ maxTime: { seconds: 1e-9 } }).trainer.fit(train(), { epochs: 9 });
  expect(timed.stopReason).toBe('stopped');
  const norms: number[] = [];
  const spy: Callback = {
    onBeforeOptimizerStep: ({ executor: { parameters } }) => {
      norms.push(Math.hypot(...parameters.flatMap(({ gradient }) => Array.from(gradient))));
    },
  };
  await setup({ gradientClip: { norm: 0.01 }, callbacks: [spy] }).trainer.fit(train());
  for (const norm of norms) expect(norm).toBeCloseTo(0.01, 5);
});

test('detectAnomaly names the tensor that went bad', async () => {
  const poison: Callback = {
    onTrainBatchEnd: (run) => {
      if (run.step === 2) run.executor.parameters[0].value[3] = Number.POSITIVE_INFINITY;
    },
  };
  const attempt = setup({ detectAnomaly: true, callbacks: [poison] }).trainer.fit(train());
  await expect(attempt).rejects.toThrow(ModelError);
  await expect(attempt).rejects.toThrow('is in value of fc/kernel, in epoch 1, batch 3');
});

test('the profiler accounts for the steps in a table', async () => {
  const lines: string[] = [];
  await setup({ profiler: true, log: (line) => lines.push(line) }).trainer.fit(train());
  const rows = lines[0].split('\n').map((line) => line.trim().split(/\s{2,}/));
  expect(rows.map(([title]) => title)).toEqual([
    ...['phase', 'waiting for the batch', 'mixing, masks, targets', 'forward and backward'],
    ...['optimizer and scheduler', 'metrics and callbacks', 'all'],
  ]);
  const times = rows.slice(1).map(([, time]) => Number(time));
  expect(times.slice(0, -1).reduce((sum, time) => sum + time)).toBeCloseTo(times.at(-1)!, 1);
});

test.each([
  ['accumulateGradBatches', 0],
  ['overfitBatches', 1.5],
  ['maxSteps', -1],
  ['numSanityValSteps', -1],
  ['fastDevRun', 0],
  ['valEvery', 1.5],
  ['valEvery', 0],
  ['gradientClip', {}],
  ['maxTime', { seconds: 0 }],
  ['callbacks', [undefined]],
])('%s %s is refused when the Trainer is made', (name, value) => {
  expect(() => setup({ [name]: value } as Partial<TrainerOptions>)).toThrow(InvalidArgumentError);
});
