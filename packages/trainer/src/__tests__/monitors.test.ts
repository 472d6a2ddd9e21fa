import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from '@mnist-kit/core';
import {
  accuracy,
  type Callback,
  calibrationError,
  confusionMatrix,
  EarlyStopping,
  History,
  type HistoryRecords,
  type Metric,
  ModelCheckpoint,
  perClassAccuracy,
  type SchedulerLike,
  Trainer,
  type TrainerOptions,
  topKAccuracy,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'monitors-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function setup(options: Partial<TrainerOptions> = {}): Trainer {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  return new Trainer({ model, executor, optimizer: sgd(0.5), loss: nll, log: () => {}, ...options });
}

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });
const val = () => new ListLoader(threeClasses(6));

/** A metric whose values are known beforehand: one per pass, over and over. */
function scripted(values: readonly number[], better?: 'higher' | 'lower'): Metric<number> {
  let pass = 0;
  return {
    ...(better && { better }),
    reset() {},
    update() {},
    compute: () => values[pass++ % values.length],
  };
}

function plateau(mode: 'min' | 'max'): SchedulerLike & { readonly seen: (number | undefined)[] } {
  const seen: (number | undefined)[] = [];
  return { lr: 0.5, mode, seen, step: (metric) => void seen.push(metric), state: () => ({}), loadState() {} };
}

const falling = [0.3, 0.2, 0.1, 0.4];

test('each built-in metric that is a number says which way it is better', () => {
  expect(accuracy().better).toBe('higher');
  expect(topKAccuracy().better).toBe('higher');
  expect(calibrationError().better).toBe('lower');
  expect([perClassAccuracy().better, confusionMatrix().better]).toEqual([undefined, undefined]);
});

describe('a metric of which lower is better', () => {
  const ece = () => ({ metrics: { ece: scripted(falling, 'lower') } });

  test('is kept at its lowest by ModelCheckpoint', async () => {
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'valEce', saveTopK: 1 });
    await setup({ ...ece(), callbacks: [checkpoint] }).fit(train(), { val: val(), epochs: 4 });
    expect(checkpoint.best).toEqual({ epoch: 3, value: 0.1 });
  });

  test('does not improve when it rises, for EarlyStopping', async () => {
    const stopping = new EarlyStopping({ monitor: 'valEce', patience: 3 });
    const history = await setup({ ...ece(), callbacks: [stopping] }).fit(train(), { val: val(), epochs: 4 });
    expect([stopping.bestEpoch, history.epochs.length]).toEqual([3, 4]);
  });

  test('reaches a target from above', async () => {
    const stopping = new EarlyStopping({ monitor: 'valEce', target: 0.2 });
    const history = await setup({ ...ece(), callbacks: [stopping] }).fit(train(), { val: val(), epochs: 4 });
    expect(history.epochs).toHaveLength(2);
  });

  test('has its best value where it is lowest in the history, under the name of any loader', async () => {
    const trainer = setup({ metrics: { ece: scripted([9, 0.3, 8, 0.2, 7, 0.4], 'lower') } });
    const history = await trainer.fit(train(), { val: { val: val(), clean: val() }, epochs: 3 });
    expect(history.best('valEce')).toEqual({ epoch: 3, value: 7 });
    expect(history.best('cleanEce')).toEqual({ epoch: 2, value: 0.2 });
    expect(history.best('cleanEce', 'max')).toEqual({ epoch: 3, value: 0.4 });
    const accuracies = history.values('cleanAccuracy');
    expect(history.best('cleanAccuracy')?.value).toBe(Math.max(...accuracies));
    expect(history.best('cleanLoss')?.value).toBe(Math.min(...history.values('cleanLoss')));
  });

  test('is still better when lower after a history went through JSON', async () => {
    const trainer = setup({ metrics: { ece: scripted(falling, 'lower') } });
    const history = await trainer.fit(train(), { val: { clean: val() }, epochs: 4 });
    const read = History.from(JSON.parse(JSON.stringify(history)) as HistoryRecords);
    expect(read.best('cleanEce')).toEqual({ epoch: 3, value: 0.1 });
    expect(read.best('cleanLoss')).toEqual(history.best('cleanLoss'));
  });
});

test('names with "loss" or "error" in them are no hint: the metric says it', async () => {
  const checkpoint = new ModelCheckpoint({ dir, monitor: 'valGlossiness' });
  const metrics = { glossiness: scripted([0.1, 0.5, 0.2], 'higher') };
  const trainer = setup({ metrics, callbacks: [checkpoint] });
  const history = await trainer.fit(train(), { val: val(), epochs: 3 });
  expect([checkpoint.best?.epoch, history.best('valGlossiness')?.epoch]).toEqual([2, 2]);
});

describe('a metric that does not say which way it is better', () => {
  const metrics = () => ({ mine: scripted(falling) });

  test.each([
    ['ModelCheckpoint', () => new ModelCheckpoint({ dir, monitor: 'valMine' })],
    ['EarlyStopping', () => new EarlyStopping({ monitor: 'valMine', patience: 1 })],
  ] as const)('is refused by %s before anything is trained', async (_, make) => {
    let steps = 0;
    const count: Callback = { onTrainBatchEnd: () => void steps++ };
    const fit = setup({ metrics: metrics(), callbacks: [count, make()] }).fit(train(), { val: val() });
    await expect(fit).rejects.toThrow(InvalidArgumentError);
    await expect(fit).rejects.toThrow(
      "`monitor` needs a `mode` ('min' or 'max') beside it, or a metric that says `better: 'lower'` or " +
        '`better: \'higher\'`. Received: monitor="valMine"',
    );
    expect(steps).toBe(0);
  });

  test('is monitored as `mode` says', async () => {
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'valMine', mode: 'max' });
    const stopping = new EarlyStopping({ monitor: 'valMine', mode: 'min', patience: 9 });
    const trainer = setup({ metrics: metrics(), callbacks: [checkpoint, stopping] });
    const history = await trainer.fit(train(), { val: val(), epochs: 4 });
    expect([checkpoint.best?.epoch, stopping.bestEpoch]).toEqual([4, 3]);
    expect(history.best('valMine', 'min')).toEqual({ epoch: 3, value: 0.1 });
    expect(() => history.best('valMine')).toThrow(
      "`mode` must be 'min' or 'max' for valMine, of which nothing says which way is better. " +
        'Received: mode=undefined',
    );
  });

  test('is refused for a scheduler, whose mode may be a default', async () => {
    const scheduler = { scheduler: plateau('min'), monitor: 'valMine' };
    const fit = setup({ metrics: metrics(), scheduler }).fit(train(), { val: val() });
    await expect(fit).rejects.toThrow('`scheduler.mode` must be what the metric says, and that of valMine');
  });
});

test.each([
  ['max', 'valLoss', "must be 'min' to watch valLoss, of which lower is better"],
  ['min', 'valAccuracy', "must be 'max' to watch valAccuracy, of which higher is better"],
  ['max', 'valEce', "must be 'min' to watch valEce, of which lower is better"],
] as const)('a scheduler of mode %s is refused for %s', async (mode, monitor, message) => {
  const scheduler = { scheduler: plateau(mode), monitor };
  const fit = setup({ metrics: { ece: calibrationError() }, scheduler }).fit(train(), { val: val() });
  await expect(fit).rejects.toThrow(`\`scheduler.mode\` ${message}. Received: scheduler.mode="${mode}"`);
});

test('a scheduler watches a metric of its own mode, under the name of any loader', async () => {
  const scheduler = plateau('min');
  const trainer = setup({
    metrics: { ece: scripted(falling, 'lower') },
    scheduler: { scheduler, monitor: 'cleanEce' },
  });
  await trainer.fit(train(), { val: { clean: val() }, epochs: 2 });
  expect(scheduler.seen).toEqual([0.3, 0.2]);
});

test('a monitor for a scheduler that watches nothing is refused', async () => {
  const { mode: _, ...scheduler } = plateau('min');
  const fit = setup({ scheduler: { scheduler, monitor: 'trainLoss' } }).fit(train());
  await expect(fit).rejects.toThrow('`scheduler.monitor` is for a scheduler that watches a metric');
});

test('a list is no number that could be better or worse', async () => {
  const stopping = new EarlyStopping({ monitor: 'valPerClass', patience: 1 });
  const options = { metrics: { perClass: perClassAccuracy() } };
  const fit = setup({ ...options, callbacks: [stopping] }).fit(train(), { val: val() });
  await expect(fit).rejects.toThrow('Received: monitor="valPerClass"');
  const asked = new EarlyStopping({ monitor: 'valPerClass', patience: 1, mode: 'max' });
  const second = setup({ ...options, callbacks: [asked] }).fit(train(), { val: val() });
  await expect(second).rejects.toThrow('`monitor` must name a single number');
});

describe('a history of records without directions, as older versions wrote it', () => {
  const record = { step: 1, lr: 1, seconds: 1, itPerSecond: 1, trainAccuracy: 0 };
  const history = History.from({
    epochs: [
      { ...record, epoch: 1, trainLoss: 2, valAccuracy: 0.5, valTop3: 0.9 },
      { ...record, epoch: 2, trainLoss: 1, valAccuracy: 0.6, valTop3: 0.8 },
    ],
    validations: [],
    stopReason: 'epochs',
  });

  test('knows losses and accuracies, and asks about the rest', () => {
    expect(history.best('trainLoss')).toEqual({ epoch: 2, value: 1 });
    expect(history.best('valAccuracy')).toEqual({ epoch: 2, value: 0.6 });
    expect(history.best('valLoss')).toBeUndefined();
    expect(() => history.best('valTop3')).toThrow(InvalidArgumentError);
    expect(history.best('valTop3', 'max')).toEqual({ epoch: 1, value: 0.9 });
    expect(() => history.best('constructor')).toThrow(InvalidArgumentError);
  });
});

describe('a name that no epoch has', () => {
  const record = { step: 1, lr: 1, seconds: 1, itPerSecond: 1, trainAccuracy: 0, trainLoss: 1 };
  const history = History.from({
    epochs: [
      { ...record, epoch: 1 },
      // NaN is null in JSON.
      { ...record, epoch: 2, valLoss: 0.5, valTop3: 0.8, valEce: null as unknown as number, valEach: [1, 0] },
    ],
    validations: [],
    stopReason: 'epochs',
    better: { cleanEce: 'lower' },
  });

  test.each([
    ['loss', '(did you mean `trainLoss` or `valLoss`?)'],
    ['val_acc', '(did you mean `valAccuracy`?)'],
    ['val_loss', '(did you mean `valLoss`?)'],
    ['valtop3', '(did you mean `valTop3`?)'],
    [
      'constructor',
      'trainLoss, trainAccuracy, seconds, itPerSecond, valLoss, valAccuracy, cleanEce, valTop3, valEce.',
    ],
    ['valEach', 'must be a number of the epochs'],
    [undefined as unknown as string, 'must be a number of the epochs'],
  ])('is refused with those that there are: %s', (key, message) => {
    for (const ask of [() => history.values(key), () => history.best(key, 'min')]) {
      expect(ask).toThrow(InvalidArgumentError);
      expect(ask).toThrow(message);
    }
  });

  test('is none of those that only some have, or that a fit could have had', () => {
    expect(history.values('valTop3')).toEqual([Number.NaN, 0.8]);
    expect(history.values('valLoss')).toEqual([Number.NaN, 0.5]);
    for (const key of ['valAccuracy', 'cleanEce', 'valEce'])
      expect(history.values(key)).toEqual([Number.NaN, Number.NaN]);
    expect(new History().values('anything')).toEqual([]);
  });
});

test('the first fit of a ModelCheckpoint does not decide what the next one monitors', async () => {
  const checkpoint = new ModelCheckpoint({ dir });
  const trainer = setup({ callbacks: [checkpoint] });
  await trainer.fit(train(), { val: val() });
  const history = await trainer.fit(train());
  expect(checkpoint.best?.value).toBe(history.last?.trainLoss);
});

test('a resumed fit goes by the directions of its own metrics', async () => {
  const make = (better?: 'higher' | 'lower') => {
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'trainLoss' });
    return setup({ metrics: { mine: scripted([1, 2, 3], better) }, callbacks: [checkpoint] });
  };
  await make().fit(train(), { val: val(), epochs: 1 });
  const history = await make('lower').fit(train(), { val: val(), epochs: 3, resume: 'auto' });
  expect(history.best('valMine')).toEqual({ epoch: 1, value: 1 });
});
