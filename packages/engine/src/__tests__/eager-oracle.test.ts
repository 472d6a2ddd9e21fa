import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, type Executor } from '@mnist-kit/engine';
import { type NetOptions, toTorchNames } from '@mnist-kit/models';
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
