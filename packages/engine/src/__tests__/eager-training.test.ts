import { createEagerExecutor } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { batch, golden, nets } from './eager-golden.js';
import {
  expectFirstStatistics,
  expectNormsAndBuffers,
  expectWeightsAfterAdamW,
  runs,
  start,
  trainTwelveSteps,
  trainWithDropout,
} from './training-golden.js';

// Against a real PyTorch, on TensorFlow.js's wasm backend: its cpu backend would take minutes a step.

const onWasm = (model: tfl.LayersModel) => createEagerExecutor(model, { backend: 'wasm' });

// Optimizers see parameters and not what holds them, and the plan's test runs each on every net: here, where a step takes
// ten times as long, every optimizer and every net has its turn.
const turns: Readonly<Record<string, string>> = { ImprovedNet: 'adamw', ConservativeImprovedNet: 'sgd' };
const sample = runs.filter(({ net, optimizer }) => (turns[net] ?? optimizer) === optimizer);

test.each(sample)("twelve steps of $net with $optimizer are PyTorch's, op by op", async (run) => {
  const { net, optimizer } = run;
  const tensors = tf.memory().numTensors;
  const { before, after } = await trainTwelveSteps(net, optimizer, onWasm);
  expectNormsAndBuffers(after, optimizer, golden[net].runs[optimizer]);
  if (optimizer === 'adamw') expectWeightsAfterAdamW(before, after, net);
  expect(tf.memory().numTensors).toBe(tensors);
});

test.each(nets)('six steps of %s with dropout drop, op by op, what PyTorch drops', async (net) => {
  await trainWithDropout(net, onWasm);
});

test.each(nets)('%s in eval mode has the loss of PyTorch, op by op', async (net, build) => {
  const { model, executor } = await start(build, onWasm);
  const { images, labels } = batch(0);
  const outputs = await executor.predict(images, 32);
  const total = labels.reduce((sum, label, i) => sum - outputs[i * 10 + label], 0);
  expect(Math.abs(total / 32 - golden[net].eval_nll)).toBeLessThan(1e-5);
  await executor.dispose();
  model.dispose();
});

test.each(nets)('%s keeps the running statistics that PyTorch keeps, op by op', async (net) => {
  await expectFirstStatistics(net, onWasm);
});
