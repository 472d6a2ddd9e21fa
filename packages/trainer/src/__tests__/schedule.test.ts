import { InvalidArgumentError } from '@mnist-kit/core';
import { type SchedulerLike, Trainer } from '@mnist-kit/trainer';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

function setup(fields: Partial<SchedulerLike> = {}) {
  const optimizer = sgd(1);
  const metrics: (number | undefined)[] = [];
  const scheduler: SchedulerLike = {
    get lr() {
      return optimizer.lr;
    },
    step(metric) {
      metrics.push(metric);
      optimizer.lr /= 2;
    },
    state: () => ({}),
    loadState: () => {},
    ...fields,
  };
  const model = linearModel();
  const parts = { model, optimizer, loss: nll, executor: new LinearExecutor(model) };
  return { scheduler, metrics, parts };
}

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });
const val = () => new ListLoader(threeClasses(6));

test('steps after each epoch; the record has the rate that the epoch used', async () => {
  const { scheduler, metrics, parts } = setup();
  const history = await new Trainer({ ...parts, scheduler }).fit(train(), { epochs: 3 });
  expect(history.values('lr')).toEqual([1, 0.5, 0.25]);
  expect(metrics).toEqual([undefined, undefined, undefined]);
});

test('steps after each optimizer step when it says so, or is told so', async () => {
  const own = setup({ interval: 'step' });
  const first = await new Trainer({ ...own.parts, scheduler: own.scheduler }).fit(train(), { epochs: 2 });
  expect(first.values('lr')).toEqual([1 / 4, 1 / 32]);
  const told = setup();
  const options = { scheduler: told.scheduler, interval: 'step' as const };
  const second = await new Trainer({ ...told.parts, scheduler: options }).fit(train(), { epochs: 2 });
  expect(second.values('lr')).toEqual([1 / 4, 1 / 32]);
});

test('gets the metric that its mode asks for', async () => {
  for (const [mode, withVal, key] of [
    ['max', true, 'valAccuracy'],
    ['min', true, 'valLoss'],
    ['max', false, 'trainAccuracy'],
    ['min', false, 'trainLoss'],
  ] as const) {
    const { scheduler, metrics, parts } = setup({ mode });
    const history = await new Trainer({ ...parts, scheduler }).fit(train(), {
      epochs: 2,
      val: withVal ? val() : undefined,
    });
    expect(metrics).toEqual(history.values(key));
    expect(metrics.every((value) => Number.isFinite(value))).toBe(true);
  }
});

test('gets the monitored metric; an unknown name lists those there are', async () => {
  const { scheduler, metrics, parts } = setup({ mode: 'min' });
  const trainer = new Trainer({ ...parts, scheduler: { scheduler, monitor: 'trainLoss' } });
  const history = await trainer.fit(train(), { val: val() });
  expect(metrics).toEqual(history.values('trainLoss'));
  const wrong = new Trainer({ ...parts, scheduler: { scheduler, monitor: 'val_loss' } });
  await expect(wrong.fit(train(), { val: val() })).rejects.toThrow(InvalidArgumentError);
  await expect(wrong.fit(train(), { val: val() })).rejects.toThrow(
    '`scheduler.monitor` must be one of trainLoss, trainAccuracy, lr, seconds, itPerSecond, valLoss, valAccuracy. ' +
      'Received: scheduler.monitor="val_loss"',
  );
});

test('a metric cannot be watched once a step', async () => {
  const { scheduler, parts } = setup({ mode: 'min', interval: 'step' });
  await expect(new Trainer({ ...parts, scheduler }).fit(train())).rejects.toThrow(
    "must be 'epoch' for a scheduler that watches trainLoss",
  );
});
