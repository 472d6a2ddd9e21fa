import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import {
  type Callback,
  EarlyStopping,
  type FitOptions,
  ModelCheckpoint,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ended-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A fit of three batches an epoch, everything made anew as in a new process. */
async function fit(
  fitOptions: FitOptions & { batchSize?: number },
  { callbacks = [], ...options }: Partial<TrainerOptions> = {},
) {
  const { batchSize = 4, ...rest } = fitOptions;
  const generator = new Generator(3);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const optimizer = momentum(0.2);
  const notes: string[] = [];
  const trainer = new Trainer({
    ...{ model, executor, optimizer, generator, loss: nll },
    ...options,
    callbacks: [
      ...callbacks,
      new ModelCheckpoint({ dir, monitor: 'valLoss', everyNSteps: 1, keepStates: 1000 }),
    ],
    log: (line) => notes.push(line),
  });
  const train = new ListLoader(threeClasses(12), { batchSize, generator, noise: 0.3 });
  const val = new ListLoader(threeClasses(6), { generator, noise: 0.3 });
  const history = await trainer.fit(train, { val, epochs: 6, ...rest });
  const outcome = {
    history: history.withoutTimings(),
    reason: [history.stopReason, history.stopMessage],
    weights: executor.parameters.map(({ value }) => Array.from(value)),
    optimizer: optimizer.state(),
    generator: generator.state(),
  };
  return { outcome, notes, trained: executor.calls.filter((call) => call.startsWith('trainStep')).length };
}

const clear = () => rmSync(dir, { recursive: true });
const checkpoints = () => readdirSync(join(dir, 'checkpoints')).map((name) => join(dir, 'checkpoints', name));
/** No epoch improves on the first by that much. */
const patience = (epochs: number) => [
  new EarlyStopping({ monitor: 'valLoss', patience: epochs, minDelta: 10 }),
];

test('a fit that EarlyStopping ended stays ended and says so, also when more epochs are asked for', async () => {
  const first = await fit({}, { callbacks: patience(2) });
  expect(first.outcome.history).toHaveLength(3);
  for (const epochs of [6, 20]) {
    const again = await fit({ resume: 'auto', epochs }, { callbacks: patience(2) });
    expect(again.trained).toBe(0);
    expect(again.outcome).toEqual(first.outcome);
    expect(again.notes).toEqual([
      expect.stringMatching(
        /^The fit had ended already: valLoss has not improved for 2 epochs .*Nothing was trained; to go on, raise that limit\.$/,
      ),
    ]);
  }
});

test('a fit that EarlyStopping ended goes on with more patience, or without it', async () => {
  const patient = await fit({}, { callbacks: patience(4) });
  clear();
  await fit({}, { callbacks: patience(2) });
  const resumed = await fit({ resume: 'auto' }, { callbacks: patience(4) });
  expect(resumed.outcome).toEqual(patient.outcome);
  expect(resumed.trained).toBe(2 * 3);
  clear();
  const never = await fit({});
  clear();
  await fit({}, { callbacks: patience(2) });
  expect((await fit({ resume: 'auto' })).outcome).toEqual(never.outcome);
});

test('a fit that reached its target stays ended, and goes on to a better one', async () => {
  const target = (value: number) => [new EarlyStopping({ monitor: 'valLoss', target: value })];
  const first = await fit({}, { callbacks: target(0.9) });
  expect(first.outcome.reason[1]).toMatch(/^valLoss reached 0\.\d+, target 0\.9$/);
  const again = await fit({ resume: 'auto' }, { callbacks: target(0.9) });
  expect(again.outcome).toEqual(first.outcome);
  const further = await fit({ resume: 'auto' }, { callbacks: target(0.01) });
  expect(further.outcome.history).toHaveLength(6);
});

test.each([
  ['inside an epoch', 4],
  ['at the end of an epoch', 6],
])('a fit that maxSteps ended %s stays ended, and goes on when it is raised', async (_, maxSteps) => {
  const whole = await fit({}, { maxSteps: 11 });
  const unlimited = await fit({});
  clear();
  const first = await fit({}, { maxSteps });
  const again = await fit({ resume: 'auto' }, { maxSteps });
  expect(again.outcome).toEqual(first.outcome);
  expect(again.notes[0]).toMatch(new RegExp(`had ended already: maxSteps ${maxSteps} reached`));
  const raised = await fit({ resume: 'auto' }, { maxSteps: 11 });
  expect(raised.outcome).toEqual(whole.outcome);
  expect(raised.notes).toEqual([]);
  clear();
  await fit({}, { maxSteps });
  expect((await fit({ resume: 'auto' })).outcome).toEqual(unlimited.outcome);
});

test('a fit whose time was up goes on when it gets more', async () => {
  const whole = await fit({});
  clear();
  const first = await fit({}, { maxTime: { seconds: 1e-9 } });
  expect(first.trained).toBe(1);
  const again = await fit({ resume: 'auto' }, { maxTime: { seconds: 1e-9 } });
  expect(again.trained).toBe(0);
  expect(again.notes[0]).toMatch(/had ended already: the time of .* is up/);
  expect((await fit({ resume: 'auto' }, { maxTime: { hours: 9 } })).outcome).toEqual(whole.outcome);
});

test('a fit that had trained all its epochs says so, and goes on when more are asked for', async () => {
  const first = await fit({ epochs: 2 });
  const again = await fit({ epochs: 2, resume: 'auto' });
  expect(again.outcome).toEqual(first.outcome);
  expect(again.notes).toEqual(['All 2 epochs were trained already; ask for more epochs to go on.']);
  const more = await fit({ epochs: 3, resume: 'auto' });
  expect([more.trained, more.notes]).toEqual([3, []]);
});

test.each([
  ['after the epoch', false],
  ['after the step', true],
])('a stop by a callback, %s, outlasts a process that dies at any point after it', async (_, now) => {
  const stop: Callback = {
    onTrainBatchEnd: (run) => {
      if (run.step === 5) run.stop('enough', { now });
    },
  };
  const whole = await fit({}, { callbacks: [stop] });
  expect(whole.outcome.reason).toEqual(['stopped', 'enough']);
  expect(whole.outcome.history).toHaveLength(now ? 1 : 2);
  for (const resume of checkpoints()) {
    const { step } = JSON.parse(readFileSync(join(resume, 'manifest.json'), 'utf8'));
    // From the step of the stop on, the callback itself does not ask again.
    const resumed = await fit({ resume, epochs: 9 }, { callbacks: step >= 5 ? [] : [stop] });
    expect(resumed.outcome, `from step ${step}`).toEqual(whole.outcome);
  }
});

test('a stop that is not final is forgotten by a resumed fit', async () => {
  const whole = await fit({});
  clear();
  const pause: Callback = {
    onTrainBatchEnd: (run) => {
      if (run.step === 5) run.stop('pause', { now: true, final: false });
    },
  };
  await fit({}, { callbacks: [pause] });
  expect((await fit({ resume: 'auto' })).outcome).toEqual(whole.outcome);
});

test('a fit that dies in the validation after its last step is validated when resumed', async () => {
  const whole = await fit({}, { maxSteps: 6 });
  const inside = checkpoints().filter((folder) => {
    const { position } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
    return position.step === 6 && !position.epochFinished;
  });
  expect(inside).toHaveLength(1);
  const resumed = await fit({ resume: inside[0] }, { maxSteps: 6 });
  expect(resumed.outcome).toEqual(whole.outcome);
  expect(resumed.outcome.history[1].valLoss).toBeGreaterThan(0);
});

test('a resumed fit goes on as its checkpoint, and with other settings only where they are overridden', async () => {
  await fit({ epochs: 1 });
  const same = await fit({ epochs: 2, resume: 'auto' }, { maxSteps: 100 });
  expect(same.notes).toEqual([]);
  const others = { accumulateGradBatches: 2, gradientClip: { norm: 1 } };
  await expect(fit({ epochs: 3, resume: 'auto', batchSize: 6 }, others)).rejects.toThrow(
    [
      'The checkpoint was saved with other settings than this fit has:',
      '  train.batchSize was 4, and is 6',
      '  train.length was 3, and is 2',
      '  accumulateGradBatches was 1, and is 2',
      '  gradientClip was none, and is { norm: 1 }',
      "Make them as they were, or go on with the new ones: resume: { from: 'auto', override: " +
        "['train.batchSize', 'train.length', 'accumulateGradBatches', 'gradientClip'] }.",
    ].join('\n'),
  );
  const override = ['train', 'accumulateGradBatches', 'gradientClip'];
  const other = await fit({ epochs: 3, resume: { from: 'auto', override }, batchSize: 6 }, others);
  expect(other.notes).toEqual([
    'Goes on with other settings, as asked: train.batchSize was 4, and is 6; train.length was 3, and is 2; ' +
      'accumulateGradBatches was 1, and is 2; gradientClip was none, and is { norm: 1 }.',
  ]);
});

test('a checkpoint says what it was made of and by what', async () => {
  await fit({ epochs: 1 }, { maxTime: { hours: 1 } });
  const [folder] = checkpoints();
  const { configuration } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
  expect(configuration).toMatchObject({
    ...{
      epochs: 1,
      maxTime: '{"hours":1}',
      engine: 'eager',
      reproducible: true,
      parameters: 15,
      mixup: false,
    },
    ...{ batchSize: 4, batches: 3, callbacks: 'ModelCheckpoint' },
  });
  const { versions } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  expect(versions).toEqual({
    '@mnist-kit/trainer': expect.stringMatching(/^\d+\.\d+\.\d+/),
    '@tensorflow/tfjs-core': expect.stringMatching(/^4\./),
    node: process.version,
  });
});

test('the last weights stay those of the last step when an ended fit, which put others in place, is resumed', async () => {
  const callbacks = () => [
    new EarlyStopping({ monitor: 'valLoss', mode: 'min', minDelta: 5, patience: 50, restoreBest: true }),
  ];
  expect((await fit({}, { callbacks: callbacks() })).notes.join()).toMatch(/^Weights of epoch 1 restored/);
  const last = readFileSync(join(dir, 'last.safetensors'));
  await fit({ resume: 'auto' }, { callbacks: callbacks() });
  expect(readFileSync(join(dir, 'last.safetensors')).equals(last)).toBe(true);
});
