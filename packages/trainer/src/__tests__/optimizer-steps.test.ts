import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { ExponentialLR, SGD } from '@mnist-kit/optim';
import {
  type Callback,
  EventStream,
  ExponentialMovingAverage,
  JsonlLogger,
  LearningRateMonitor,
  ModelCheckpoint,
  type OptimizerStepReport,
  type Run,
  TerminateOnNaN,
  ThroughputMonitor,
  Trainer,
  type TrainerOptions,
  type TrainingEvent,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import golden from './fixtures/accumulated-updates.json' with { type: 'json' };
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll, sgd } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'steps-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function setup(callbacks: Callback[], options: Partial<TrainerOptions> = {}) {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const parts = { model, executor, optimizer: sgd(0.5), loss: nll, log: () => {} };
  return { model, executor, trainer: new Trainer({ ...parts, callbacks, ...options }) };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 5): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], digits);
}

/** Fits as the run of the fixture did, noting the kernel after each update without the help of a hook. */
async function fitLike(run: (typeof golden.runs)[number], callbacks: Callback[]) {
  const optimizer = new SGD({ lr: run.reduction === 'sum' ? 0.1 : 0.5, momentum: 0.9 });
  const loss = Object.assign((...[outputs, labels]: Parameters<typeof nll>) => nll(outputs, labels), nll, {
    reduction: run.reduction as 'mean' | 'sum',
  });
  const { model, executor, trainer } = setup(callbacks, {
    ...{ optimizer, loss, accumulateGradBatches: run.accumulate },
    scheduler: new ExponentialLR(optimizer, { gamma: 0.9, interval: 'step' }),
    ...(run.clip !== null && { gradientClip: { norm: run.clip } }),
  });
  const kernels: number[][] = [];
  const { step } = optimizer;
  optimizer.step = (parameters) => {
    step.call(optimizer, parameters);
    kernels.push(Array.from(parameters[0].value));
  };
  const samples = golden.images.map((pixels, i) => ({ pixels, label: golden.labels[i] }));
  const history = await trainer.fit(new ListLoader(samples, { batchSize: 4 }), { epochs: 2 });
  return { model, executor, history, kernels };
}

const runs = golden.runs.map(
  (run) => [`${run.accumulate} batches, ${run.reduction}, clip ${run.clip}`, run] as const,
);

describe('updates over several batches are those of PyTorch', () => {
  test.each(runs)('%s: gradients, clipping, scheduler and what the hook is told', async (_, run) => {
    const told: OptimizerStepReport[] = [];
    const losses: number[] = [];
    const lrs = new LearningRateMonitor({ interval: 'step' });
    const spy: Callback = {
      onBeforeOptimizerStep: (_run, loss) => void losses.push(loss),
      onOptimizerStepEnd: (_run, report) => void told.push({ ...report }),
    };
    const { kernels, history } = await fitLike(run, [spy, lrs]);
    const { updates } = run;
    expect(kernels).toHaveLength(updates.length);
    for (const [i, { kernel }] of updates.entries()) expectClose(kernels[i], kernel);
    expect(told.map(({ step, batch, batches, size }) => ({ step, batch, batches, size }))).toEqual(
      updates.map(({ batch, batches, size }, i) => ({ step: i + 1, batch, batches, size })),
    );
    for (const key of ['loss', 'accuracy', 'lr'] as const)
      expectClose(
        told.map((report) => report[key]),
        updates.map((update) => update[key]),
      );
    expectClose(
      losses,
      updates.map(({ loss }) => loss),
    );
    expectClose(
      lrs.entries.map(({ lr }) => lr),
      updates.map(({ lr }) => lr),
    );
    expect(lrs.entries.map(({ step }) => step)).toEqual(updates.map((_update, i) => i + 1));
    expect(told.at(-1)).toMatchObject({
      meanLoss: history.last!.trainLoss,
      meanAccuracy: history.last!.trainAccuracy,
    });
  });

  test.each(runs)('%s: a moving average takes in each update once', async (_, run) => {
    const average = new ExponentialMovingAverage({ decay: golden.decay, warmUp: false });
    const { model } = await fitLike(run, [average]);
    expectClose(model.weights[0].read().dataSync(), run.average);
  });

  test.each(runs)('%s: a log has each step once, with the mean over its batches', async (_, run) => {
    const path = join(dir, 'log.jsonl');
    const events = new EventStream();
    const seen: TrainingEvent[] = [];
    const reading = (async () => {
      for await (const event of events) if (event.type === 'step') seen.push(event);
    })();
    // The reader gets a turn after each step.
    const pause: Callback = { onOptimizerStepEnd: () => new Promise((resolve) => setTimeout(resolve)) };
    await fitLike(run, [new JsonlLogger({ path, everyNSteps: 1 }), events, pause]);
    await reading;
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'step');
    for (const logged of [lines, seen as unknown as typeof lines]) {
      expect(logged.map(({ step }) => step)).toEqual(run.updates.map((_update, i) => i + 1));
      for (const key of ['loss', 'accuracy', 'lr'] as const)
        expectClose(
          logged.map((line) => line[key]),
          run.updates.map((update) => update[key]),
        );
    }
  });
});

test('hooks run per batch and per update, also for the smaller update that ends an epoch', async () => {
  const seen: string[] = [];
  const spy: Callback = {
    onBeforeOptimizerStep: ({ step }) => void seen.push(`before ${step}`),
    onOptimizerStepEnd: (_, { step, batches }) => void seen.push(`step ${step} of ${batches}`),
    onTrainBatchEnd: (_, { batch }) => void seen.push(`batch ${batch}`),
    onSafePoint: ({ step }) => void seen.push(`safe ${step}`),
    onEpochEnd: () => void seen.push('epoch'),
  };
  const { trainer } = setup([spy], { accumulateGradBatches: 3 });
  await trainer.fit(new ListLoader(threeClasses(16), { batchSize: 4 }));
  expect(seen).toEqual([
    ...['batch 0', 'batch 1', 'before 0', 'step 1 of 3', 'batch 2', 'safe 1'],
    ...['batch 3', 'before 1', 'step 2 of 1', 'safe 2', 'epoch', 'safe 2'],
  ]);
});

test('a monitor of speed counts updates and their samples', async () => {
  const monitor = new ThroughputMonitor({ window: 2 });
  const { trainer } = setup([monitor], { accumulateGradBatches: 2 });
  await trainer.fit(new ListLoader(threeClasses(18), { batchSize: 3 }), { epochs: 2 });
  expect(monitor.entries.map(({ step }) => step)).toEqual([2, 5]);
  for (const { stepsPerSecond, samplesPerSecond } of monitor.entries)
    expect(samplesPerSecond / stepsPerSecond).toBeCloseTo(6, 9);
});

test('a monitor of speed leaves out validation inside an epoch', async () => {
  let clock = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const monitor = new ThroughputMonitor({ window: 2 });
  const { executor, trainer } = setup([monitor], { valEvery: 0.25 });
  const { trainStep, predict } = executor;
  executor.trainStep = (...step) => {
    clock += 100;
    return trainStep.apply(executor, step);
  };
  executor.predict = (...images) => {
    clock += 7_000;
    return predict.apply(executor, images);
  };
  const train = new ListLoader(threeClasses(16), { batchSize: 4 });
  await trainer.fit(train, { val: new ListLoader(threeClasses(4)) }).finally(() => now.mockRestore());
  expect(monitor.entries).toEqual([
    { step: 2, stepsPerSecond: 10, samplesPerSecond: 40 },
    { step: 4, stepsPerSecond: 10, samplesPerSecond: 40 },
  ]);
});

test('a loss that is NaN in any batch of an update stops the fit before it', async () => {
  const { executor, trainer } = setup([new TerminateOnNaN()], { accumulateGradBatches: 2 });
  const { trainStep } = executor;
  let batches = 0;
  executor.trainStep = (...batch) => {
    const output = trainStep.apply(executor, batch);
    return ++batches === 3 ? { ...output, loss: Number.NaN } : output;
  };
  const history = await trainer.fit(new ListLoader(threeClasses(16), { batchSize: 4 }));
  expect(history.stopMessage).toMatch(/^the loss is NaN in epoch 1, batch 4/);
  expect(executor.parameters[0].value.every(Number.isFinite)).toBe(true);
});

describe('a fit with several batches to an update, interrupted and resumed,', () => {
  const EPOCHS = 2;
  /** Two updates an epoch: one of three batches, one of one. */
  function fit(callbacks: Callback[], stateful: boolean, signal?: AbortSignal) {
    const generator = new Generator(5);
    const average = new ExponentialMovingAverage({ decay: 0.8 });
    const { executor, trainer } = setup(
      [...callbacks, average, new ModelCheckpoint({ dir, monitor: 'valLoss', everyNSteps: 1 })],
      { accumulateGradBatches: 3, generator, optimizer: momentum(0.2) },
    );
    const options = { generator, noise: 0.3, stateful };
    const train = new ListLoader(threeClasses(14), { ...options, batchSize: 4 });
    const val = new ListLoader(threeClasses(6), options);
    return trainer.fit(train, { val, epochs: EPOCHS, resume: 'auto', signal }).then((history) => ({
      history: history.withoutTimings(),
      kernel: Array.from(executor.parameters[0].value),
      average: average.state(),
      generator: generator.state(),
      stopReason: history.stopReason,
    }));
  }

  test.each([true, false])('ends like one that was not (loader with state: %s)', async (stateful) => {
    const whole = await fit([], stateful);
    for (const hook of ['onTrainBatchEnd', 'onOptimizerStepEnd', 'onSafePoint'] as const)
      for (let step = 1; step <= 2 * EPOCHS; step++) {
        rmSync(dir, { recursive: true });
        const controller = new AbortController();
        const abort: Callback = {
          name: 'abort',
          [hook]: (run: Run) => {
            if (run.step === step) controller.abort();
          },
        };
        const first = await fit([abort], stateful, controller.signal);
        if (hook === 'onOptimizerStepEnd' || hook === 'onSafePoint')
          expect(first.stopReason).toBe('interrupted');
        expect(await fit([], stateful), `${hook} ${step}`).toEqual(whole);
      }
  });

  test('is not saved where a hook failed between the update and what hangs on it', async () => {
    const whole = await fit([], true);
    for (let step = 1; step <= 2 * EPOCHS; step++) {
      rmSync(dir, { recursive: true });
      const fail: Callback = {
        name: 'fail',
        onOptimizerStepEnd: (run) => {
          if (run.step === step) throw new Error('oops');
        },
      };
      // The average comes after the callback that fails, and misses the step.
      await expect(fit([fail], true)).rejects.toThrow('Callback fail failed in onOptimizerStepEnd: oops');
      expect(await fit([], true)).toEqual(whole);
    }
  });
});

test('an interruption in the last, smaller update leaves the epoch unfinished', async () => {
  const controller = new AbortController();
  const abort: Callback = {
    onOptimizerStepEnd: (run) => {
      if (run.step === 2) controller.abort();
    },
  };
  const { trainer } = setup([abort], { accumulateGradBatches: 3 });
  const train = new ListLoader(threeClasses(16), { batchSize: 4 });
  const history = await trainer.fit(train, { epochs: 2, signal: controller.signal });
  expect(history).toMatchObject({ interrupted: true, epochs: [] });
});
