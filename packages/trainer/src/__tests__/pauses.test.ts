import { InvalidArgumentError } from '@mnist-kit/core';
import { type Callback, CallbackError, type Run, ThroughputMonitor, Trainer } from '@mnist-kit/trainer';
import { afterEach, expect, test, vi } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const train = () => new ListLoader(threeClasses(24), { batchSize: 4 });
const val = () => new ListLoader(threeClasses(12), { batchSize: 4 });

function setup(callbacks: Callback[], options: object = {}): Trainer {
  const model = linearModel();
  return new Trainer({
    ...{ model, executor: new LinearExecutor(model), optimizer: sgd(0.5), loss: nll, callbacks },
    ...options,
  });
}

/** Makes a clock of which every reading takes a millisecond; returns how it is put forward. */
function clock(): (milliseconds: number) => void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => ++now);
  return (milliseconds) => {
    now += milliseconds;
  };
}

const HOUR = 3_600_000;

/** Pauses for an hour in one hook. */
const pausing = (hook: keyof Callback, pass: (milliseconds: number) => void): Callback => ({
  name: 'pausing',
  [hook]: (run: Run) => run.pause(Promise.resolve().then(() => pass(HOUR))),
});

test.each(['onEpochStart', 'onTrainBatchEnd', 'onSafePoint', 'onValidationBatchEnd', 'onEpochEnd'] as const)(
  'a pause in %s counts neither as time of the epoch nor for maxTime and throughput',
  async (hook) => {
    const throughput = new ThroughputMonitor({ window: 2 });
    const trainer = setup([pausing(hook, clock()), throughput], { maxTime: { minutes: 30 } });
    const history = await trainer.fit(train(), { val: val(), epochs: 3 });
    expect(history.stopReason).toBe('epochs');
    for (const { seconds, itPerSecond } of history.epochs) {
      expect(seconds).toBeLessThan(60);
      expect(itPerSecond).toBeGreaterThan(0.1);
    }
    expect(throughput.entries).toHaveLength(9);
    for (const { stepsPerSecond } of throughput.entries) expect(stepsPerSecond).toBeGreaterThan(0.1);
  },
);

test('what takes time without a pause counts', async () => {
  const pass = clock();
  const slow: Callback = { name: 'slow', onSafePoint: () => pass(HOUR) };
  const history = await setup([slow], { maxTime: { minutes: 30 } }).fit(train(), { epochs: 3 });
  expect(history.stopMessage).toMatch(/^the time of .* is up$/);
});

test('a pause that fails ends the fit, and one inside of another is refused', async () => {
  const failing: Callback = {
    name: 'failing',
    onSafePoint: (run) => run.pause(Promise.reject(new Error('no'))),
  };
  await expect(setup([failing]).fit(train())).rejects.toThrow(CallbackError);
  const twice: Callback = {
    name: 'twice',
    onSafePoint: (run) => run.pause(run.pause(Promise.resolve()).then(() => run.pause(Promise.resolve()))),
  };
  await expect(setup([twice]).fit(train())).rejects.toThrow(InvalidArgumentError);
});

test('onValidationBatchEnd runs after each batch of each validation loader', async () => {
  const seen: string[] = [];
  const watch: Callback = {
    name: 'watch',
    onValidationStart: (_, name) => void seen.push(`start ${name}`),
    onValidationBatchEnd: async (_, name) => void seen.push(name),
    onValidationEnd: (_, __, name) => void seen.push(`end ${name}`),
  };
  await setup([watch]).fit(train(), { val: { val: val(), few: new ListLoader(threeClasses(3)) } });
  expect(seen).toEqual(['start val', 'val', 'val', 'val', 'end val', 'start few', 'few', 'end few']);
});

test("callbacks of a fit run after the Trainer's own and in that fit only", async () => {
  const seen: string[] = [];
  const note = (name: string, runsLast = false): Callback => ({
    ...{ name, runsLast },
    onEpochEnd: () => void seen.push(name),
  });
  const own = note('own');
  const trainer = setup([note('last', true), own]);
  await trainer.fit(train(), { callbacks: [note('further')] });
  await trainer.fit(train());
  expect(seen).toEqual(['own', 'further', 'last', 'own', 'last']);

  await expect(trainer.fit(train(), { callbacks: [own] })).rejects.toThrow(
    "`callbacks[0]` must not be one of the Trainer's own: its hooks would run twice",
  );
  await expect(trainer.fit(train(), { callbacks: [{ onEpochEnds: () => {} } as Callback] })).rejects.toThrow(
    'did you mean `onEpochEnd`?',
  );
  await expect(trainer.fit(train(), { callbacks: note('alone') as never })).rejects.toThrow(
    '`callbacks` must be an array',
  );
});
