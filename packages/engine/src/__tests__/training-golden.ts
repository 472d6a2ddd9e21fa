import { readFileSync } from 'node:fs';
import { Generator, type TensorDict } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { type NetOptions, toTorchNames } from '@mnist-kit/models';
import { Adam, AdamW, SGD } from '@mnist-kit/optim';
import type * as tfl from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { batch, crossEntropy, type GoldenRun, golden, goldenWeights, nets } from './eager-golden.js';

/** Running statistics by PyTorch's names after a first forward pass over two images, for each net. */
const firstStatistics: Record<string, Record<string, number[]>> = JSON.parse(
  readFileSync(new URL('./fixtures/batch-norm-statistics.json', import.meta.url), 'utf8'),
);

export type OptimizerName = keyof (typeof golden)[string]['runs'];

/** The optimizers of the golden runs. */
export const optimizers = {
  adam: () => new Adam({ lr: 1e-3, weightDecay: 1e-4 }),
  adamw: () => new AdamW({ lr: 8e-4, weightDecay: 1e-3 }),
  sgd: () => new SGD({ lr: 0.01, momentum: 0.9, weightDecay: 1e-4 }),
};

/** Every net with every optimizer. */
export const runs = nets.flatMap(([net, build]) =>
  (Object.keys(optimizers) as OptimizerName[]).map((optimizer) => ({ net, build, optimizer })),
);

type MakeExecutor = (model: tfl.LayersModel) => Promise<Executor> | Executor;

/** A net as `torch.manual_seed(1)` and construction make it, on an executor. */
export async function start(
  build: (options: NetOptions) => tfl.LayersModel,
  make: MakeExecutor,
  options: NetOptions = { dropout: 0, fcDropout: 0 },
) {
  const generator = new Generator(1);
  const model = build({ generator, ...options });
  const executor = await make(model);
  return { generator, model, executor };
}

/** One optimizer step on the k-th batch. */
async function step(
  executor: Executor,
  optimizer: { step(parameters: Executor['parameters']): void },
  { k, generator, smoothing = 0 }: { k: number; generator: Generator; smoothing?: number },
) {
  const { images, labels } = batch(k);
  executor.drawMasks(32, generator);
  const { loss } = await executor.trainStep(images, 32, crossEntropy(labels, 10, smoothing));
  const gradientNorm = norm(executor.parameters.map(({ gradient }) => norm(gradient)));
  optimizer.step(executor.parameters);
  await executor.parametersChanged();
  return { loss, gradientNorm };
}

/** Tolerance of a loss: rounding errors grow from step to step. */
const lossTolerance = (k: number) => 1e-4 + (k / 11) * 1.9e-3;

/** Losses and gradient norms of twelve steps, and the weights before and after by PyTorch's names. */
export async function trainTwelveSteps(net: string, name: OptimizerName, make: MakeExecutor) {
  const build = nets.find(([other]) => other === net)![1];
  const { generator, model, executor } = await start(build, make);
  const before = toTorchNames(model, await executor.readWeights());
  const drawn = generator.state();
  const optimizer = optimizers[name]();
  const expected = golden[net].runs[name];
  const smoothing = name === 'adamw' ? 0.1 : 0;
  expect(expected.losses).toHaveLength(12);
  for (const [k, loss] of expected.losses.entries()) {
    const actual = await step(executor, optimizer, { k, generator, smoothing });
    expectRelative(actual.loss, loss, lossTolerance(k), `loss of step ${k}`);
    // A norm is not at a minimum with respect to the weights, as a loss nearly is: it tells them apart sooner.
    expectRelative(actual.gradientNorm, expected.grad_norms[k], 1e-4 + k * 3e-3, `norm of step ${k}`);
  }
  // Dropout of rate 0 draws nothing in PyTorch.
  expect(generator.state()).toEqual(drawn);
  const after = toTorchNames(model, await executor.readWeights());
  await executor.dispose();
  model.dispose();
  return { before, after };
}

/**
 * Six Adam steps with dropout, whose masks come from the generator that made the weights.
 * Returns the generator, to see where its stream is afterwards.
 */
export async function trainWithDropout(net: string, make: MakeExecutor): Promise<Generator> {
  const build = nets.find(([other]) => other === net)![1];
  const { generator, model, executor } = await start(build, make, {});
  const optimizer = optimizers.adam();
  const { losses } = golden[net].run_with_dropout;
  expect(losses).toHaveLength(6);
  for (const [k, loss] of losses.entries()) {
    const actual = await step(executor, optimizer, { k, generator });
    expectRelative(actual.loss, loss, lossTolerance(k), `loss of step ${k}`);
  }
  await executor.dispose();
  model.dispose();
  return generator;
}

/** The running statistics of two images after one step, where biased and unbiased variance are apart. */
export async function expectFirstStatistics(net: string, make: MakeExecutor): Promise<void> {
  const build = nets.find(([other]) => other === net)![1];
  const { generator, model, executor } = await start(build, make);
  const { images, labels } = batch(0);
  executor.drawMasks(2, generator);
  await executor.trainStep(images.subarray(0, 2 * 784), 2, crossEntropy(labels.subarray(0, 2)));
  const weights = toTorchNames(model, await executor.readWeights());
  for (const [key, buffer] of Object.entries(firstStatistics[net]))
    expectClose(weights[key].data, buffer, 3e-6, key);
  await executor.dispose();
  model.dispose();
}

/** A bias that a batch norm takes out again. */
const isCancelled = (key: string) => /^conv\d\.bias$/.test(key);

/**
 * Holds norms of parameters and the batch norms' buffers after twelve steps to PyTorch's.
 *
 * The gradient of a bias in front of a batch norm is zero; what PyTorch computes there (and TensorFlow.js) is the
 * rounding error of a sum, about 1e-9.
 * - SGD multiplies it by the learning rate: nothing of it is seen, weight decay alone moves these biases.
 * - Adam divides it by its own size. With L2 decay the decay, 1e-4 of a bias of about 0.1, is larger than the error
 *   and decides; with AdamW's decoupled decay the error is all that there is, and moves the bias by up to a
 *   learning rate per step, in any direction. No other number feels it but the running mean, which holds the bias.
 */
export function expectNormsAndBuffers(after: TensorDict, name: OptimizerName, expected: GoldenRun): void {
  const drift = name === 'sgd' ? 0 : largestDrift(name);
  const meanDrift = name === 'sgd' ? 0 : meanOfDrift(name);
  for (const [key, value] of Object.entries(expected.param_norms_after)) {
    const { data } = after[key];
    const tolerance = isCancelled(key)
      ? { sgd: 1e-5 * value, adam: 5e-3 * value, adamw: Math.sqrt(data.length) * drift }[name]
      : // Starts at zero, so that the norm is all training.
        (/^bn\d\.bias$/.test(key) ? 5e-2 : 1e-4) * value;
    expect(Math.abs(norm(data) - value), `norm of ${key}`).toBeLessThan(tolerance);
  }
  for (const [key, buffer] of Object.entries(expected.buffers_after)) {
    const isMean = key.endsWith('running_mean');
    const tolerance = 1e-2 * largest(buffer) + (isMean ? meanDrift : 0);
    expectClose(after[key].data, buffer, tolerance, key);
  }
}

/** Holds the whole state dict after twelve AdamW steps to PyTorch's. */
export function expectWeightsAfterAdamW(before: TensorDict, after: TensorDict, net: string): void {
  const expected = goldenWeights(net);
  for (const [key, { data }] of Object.entries(expected)) {
    // A layers model does not count batches.
    if (key.endsWith('num_batches_tracked')) {
      expect([...data], key).toEqual([12]);
      continue;
    }
    if (isCancelled(key)) {
      expectClose(after[key].data, data, largestDrift('adamw'), key);
      continue;
    }
    const moved = distance(data, before[key].data);
    expect(distance(after[key].data, data) / moved, key).toBeLessThan(0.1);
    // A weight whose gradient is near zero may take a few of Adam's steps the other way.
    const few = key.endsWith('running_mean') ? meanOfDrift('adamw') : 3 * optimizers.adamw().lr;
    expectClose(after[key].data, data, 1e-2 * largest(data) + few, key);
  }
  expect(Object.keys(after)).toEqual(Object.keys(expected).filter((key) => !key.includes('num_batches')));
}

/** How far two biases that follow rounding errors can be apart after twelve steps: each a learning rate a step. */
function largestDrift(name: 'adam' | 'adamw'): number {
  return 2 * 12 * optimizers[name]().lr;
}

/** The same in a running mean with momentum 0.1, where the k-th batch holds what k steps did. */
function meanOfDrift(name: 'adam' | 'adamw'): number {
  let mean = 0;
  for (let k = 0; k < 12; k++) mean = 0.9 * mean + 0.1 * (2 * k * optimizers[name]().lr);
  return mean;
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

function distance(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, i) => value - b[i]));
}

function largest(values: Iterable<number>): number {
  return Math.max(...[...values].map(Math.abs));
}

function expectRelative(actual: number, expected: number, tolerance: number, what: string): void {
  expect(Math.abs(actual / expected - 1), what).toBeLessThan(tolerance);
}

function expectClose(actual: Float32Array, expected: ArrayLike<number>, tolerance: number, what: string) {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i] - expected[i]), `${what}[${i}]`).toBeLessThan(tolerance);
}
