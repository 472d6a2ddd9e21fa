import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { optimizedNet } from '@mnist-kit/models';
import { AdamW, OneCycleLR, SGD } from '@mnist-kit/optim';
import { type Callback, LearningRateMonitor, ModelCheckpoint, Trainer } from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll } from './parts.js';

/** What the guide says to write for "no weight decay on batch norm and bias". */
const undecayed = { match: /\/(bias|gamma|beta)$/, weightDecay: 0 };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'groups-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const STEPS = 12;

/** Three groups with rates and decays of their own, cycled by a scheduler after every step. */
function setup(callbacks: readonly Callback[] = []) {
  const generator = new Generator(5);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const optimizer = new AdamW({
    lr: 0.05,
    weightDecay: 0.1,
    groups: [undecayed, { match: 'nothing'.includes.bind('nothing'), lr: 0.5 }],
  });
  const scheduler = new OneCycleLR(optimizer, { maxLr: [0.05, 0.2, 0.5], totalSteps: STEPS });
  const rates = new LearningRateMonitor({ interval: 'step' });
  const trainer = new Trainer({
    ...{ model, executor, optimizer, scheduler, generator, loss: nll, log: () => {} },
    callbacks: [rates, ...callbacks, new ModelCheckpoint({ dir, everyNSteps: 1, keepStates: 1000 })],
  });
  const train = new ListLoader(threeClasses(12), { generator, noise: 0.3 });
  const fit = async (resume?: string) => {
    await trainer.fit(train, { epochs: STEPS / 3, resume });
    const weights = executor.parameters.map(({ value }) => Array.from(value));
    return { weights, optimizer: optimizer.state(), scheduler: scheduler.state(), rates: rates.entries };
  };
  return { fit, optimizer, trainer, train, executor };
}

test('every group follows the scheduler, is monitored, and goes on in a resumed fit', async () => {
  const whole = await setup().fit();
  const { groups } = whole.optimizer;
  expect(groups.map(({ weightDecay }) => weightDecay)).toEqual([0.1, 0, 0.1]);
  expect(new Set(groups.map(({ lr }) => lr)).size).toBe(3);
  expect(whole.rates).toHaveLength(STEPS);
  for (const { lr, lrs } of whole.rates) {
    expect(lrs[0]).toBe(lr);
    expect(lrs[1] / lrs[0]).toBeCloseTo(4, 6);
    expect(lrs[2] / lrs[0]).toBeCloseTo(10, 6);
  }
  const folders = readdirSync(join(dir, 'checkpoints')).map((name) => join(dir, 'checkpoints', name));
  expect(folders.length).toBeGreaterThan(STEPS);
  for (const folder of folders) expect(await setup().fit(folder)).toEqual(whole);
});

test('weight decay spares the group without it', async () => {
  // Every pixel is zero and every class as frequent: no gradient but rounding, so only decay moves a weight.
  const samples = threeClasses(3).map(({ label }) => ({ pixels: [0, 0, 0, 0], label }));
  const model = linearModel();
  const executor = new LinearExecutor(model);
  for (const { value } of executor.parameters) value.fill(1);
  const optimizer = new SGD({ lr: 0.1, weightDecay: 0.5, groups: [undecayed] });
  const trainer = new Trainer({ model, executor: () => executor, optimizer, loss: nll });
  await trainer.fit(new ListLoader(samples, { batchSize: 3 }), { epochs: 10 });
  const [kernel, bias] = executor.parameters.map(({ value }) => Array.from(value));
  for (const value of kernel) expect(value).toBeCloseTo(0.95 ** 10, 5);
  for (const value of bias) expect(value).toBeCloseTo(1, 5);
});

test('the expression for no decay on batch norm and bias finds all of them in a network, and no kernel', async () => {
  const executor = await createExecutor(optimizedNet({ generator: new Generator(1) }), { threads: 1 });
  const names = executor.parameters.map(({ name }) => name);
  const [kernels, others] = [false, true].map((spared) =>
    names.filter((name) => undecayed.match.test(name) === spared),
  );
  expect(kernels.every((name) => name.endsWith('/kernel'))).toBe(true);
  expect(new Set(others.map((name) => name.split('/')[1]))).toEqual(new Set(['bias', 'gamma', 'beta']));
  expect(others.length).toBeGreaterThan(kernels.length);
  await executor.dispose();
});

test('the learning-rate finder keeps groups in proportion and puts them back', async () => {
  const seen: number[][] = [];
  const spy: Callback = { onTrainBatchEnd: ({ lrs }) => void seen.push([...lrs]) };
  const { trainer, train, optimizer, executor } = setup([spy]);
  const before = optimizer.state();
  const swept: number[][] = [];
  const step = optimizer.step.bind(optimizer);
  optimizer.step = (parameters) => {
    swept.push(optimizer.groups.map(({ lr }) => lr));
    step(parameters);
  };
  const { lrs } = await trainer.findLearningRate(train, { minLr: 1e-4, maxLr: 1e-1, steps: 20 });
  expect(swept.map(([lr]) => lr)).toEqual(lrs);
  const [base, second, third] = before.groups.map(({ lr }) => lr);
  for (const [lr, ...others] of swept) {
    expect(others[0] / lr).toBeCloseTo(second / base, 6);
    expect(others[1] / lr).toBeCloseTo(third / base, 6);
  }
  expect(optimizer.state()).toEqual(before);
  expect(executor.parameters.every(({ value }) => value.every((x) => x === 0))).toBe(true);
});
