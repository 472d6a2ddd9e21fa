import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, type Executor } from '@mnist-kit/engine';
import { type NetOptions, toTorchNames } from '@mnist-kit/models';
import { Adam, AdamW, SGD } from '@mnist-kit/optim';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { batch, crossEntropy, golden, goldenGradients, nets } from './eager-golden.js';

// Against a real PyTorch, on TensorFlow.js's wasm backend: its cpu backend would take minutes a step.

type Build = (options: NetOptions) => tfl.LayersModel;

async function start(build: Build, options: NetOptions = { dropout: 0, fcDropout: 0 }) {
  const generator = new Generator(1);
  const model = build({ generator, ...options });
  return { generator, model, executor: await createEagerExecutor(model, { backend: 'wasm' }) };
}

function gradientsByTorchName(model: tfl.LayersModel, executor: Executor) {
  const tensors = executor.parameters.map(({ name, shape, gradient }) => [name, { shape, data: gradient }]);
  return toTorchNames(model, Object.fromEntries(tensors));
}

test.each(nets)('%s gives the log-probabilities that PyTorch gives in eval mode', async (name, build) => {
  const { executor } = await start(build);
  const outputs = await executor.predict(batch(0).images, 32);
  expect(outputs).toHaveLength(320);
  golden[name].eval_logprobs_first4.flat().forEach((expected, i) => {
    expect(Math.abs(outputs[i] - expected)).toBeLessThan(1e-5);
  });
});

test.each(nets)("the first gradients of %s are PyTorch's", async (name, build) => {
  const { model, executor } = await start(build);
  const { images, labels } = batch(0);
  const { loss } = await executor.trainStep(images, 32, crossEntropy(labels));
  expect(Math.abs(loss / golden[name].runs.adam.losses[0] - 1)).toBeLessThan(1e-5);
  const got = gradientsByTorchName(model, executor);
  const expected = goldenGradients(name);
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  for (const [key, { data }] of Object.entries(expected)) {
    // BatchNorm cancels a bias before it, so its gradient is rounding and has no digits to compare.
    const cancelled = /conv\d\.bias/.test(key);
    const largest = cancelled ? 1 : data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    // PyTorch's own sum over 25,088 pixels is up to 1.7e-4 from the float64 gradient here (this one: 1.1e-5).
    const tolerance = key === 'conv1.weight' ? 3e-4 : 1e-4;
    for (let i = 0; i < data.length; i++)
      expect(Math.abs(got[key].data[i] - data[i]) / largest, `${key}[${i}]`).toBeLessThan(tolerance);
  }
});

const optimizers = {
  adam: () => new Adam({ lr: 1e-3, weightDecay: 1e-4 }),
  adamw: () => new AdamW({ lr: 8e-4, weightDecay: 1e-3 }),
  sgd: () => new SGD({ lr: 0.01, momentum: 0.9, weightDecay: 1e-4 }),
};

test.each([
  ['OptimizedNet', 'adam'],
  ['OptimizedNet', 'adamw'],
  ['OptimizedNet', 'sgd'],
  ['ImprovedNet', 'adamw'],
  ['ConservativeImprovedNet', 'sgd'],
] as const)('twelve steps of %s with %s lose what PyTorch loses', async (name, run) => {
  const build = nets.find(([net]) => net === name)![1];
  const { model, executor } = await start(build);
  const optimizer = optimizers[run]();
  const expected = golden[name].runs[run];
  const tensors = tf.memory().numTensors;
  for (const [k, loss] of expected.losses.entries()) {
    const { images, labels } = batch(k);
    const target = crossEntropy(labels, 10, run === 'adamw' ? 0.1 : 0);
    const step = await executor.trainStep(images, 32, target);
    optimizer.step(executor.parameters);
    await executor.parametersChanged();
    const tolerance = 1e-4 + (k / 11) * 1.9e-3;
    expect(Math.abs(step.loss / loss - 1), `step ${k}`).toBeLessThan(tolerance);
    expect(tf.memory().numTensors, `step ${k}`).toBe(tensors);
  }
  const weights = toTorchNames(model, await executor.readWeights());
  for (const [key, buffer] of Object.entries(expected.buffers_after)) {
    // Adam turns the rounding that is the gradient of a cancelled bias into whole steps, and the running mean
    // holds that bias.
    if (run !== 'sgd' && key.endsWith('running_mean')) continue;
    const largest = Math.max(...buffer.map(Math.abs));
    buffer.forEach((value, i) => {
      expect(Math.abs(weights[key].data[i] - value) / largest, `${key}[${i}]`).toBeLessThan(2e-2);
    });
  }
});

test.each(nets)('six steps of %s with dropout drop what PyTorch drops', async (name, build) => {
  const { generator, executor } = await start(build, {});
  const optimizer = optimizers.adam();
  for (const [k, expected] of golden[name].run_with_dropout.losses.entries()) {
    const { images, labels } = batch(k);
    executor.drawMasks(32, generator);
    const { loss } = await executor.trainStep(images, 32, crossEntropy(labels));
    optimizer.step(executor.parameters);
    await executor.parametersChanged();
    expect(Math.abs(loss / expected - 1), `step ${k}`).toBeLessThan(1e-4 + (k / 11) * 1.9e-3);
  }
});
