import { Generator } from '@mnist-kit/core';
import { createPlanExecutor } from '@mnist-kit/engine';
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

// Against a real PyTorch, on the plan.

const onPlan = (model: tfl.LayersModel) => createPlanExecutor(model, { threads: 2, batchSize: 32 });

test.each(runs)("twelve steps of $net with $optimizer are PyTorch's on the plan", async (run) => {
  const { net, optimizer } = run;
  const { before, after } = await trainTwelveSteps(net, optimizer, onPlan);
  expectNormsAndBuffers(after, optimizer, golden[net].runs[optimizer]);
  if (optimizer === 'adamw') expectWeightsAfterAdamW(before, after, net);
});

test.each(nets)('six steps of %s with dropout drop on the plan what PyTorch drops', async (net, build) => {
  const generator = await trainWithDropout(net, onPlan);
  // As many draws as the masks need and no more: one double per channel of a block and per input of the classifier.
  const twin = new Generator(1);
  const twinModel = build({ generator: twin });
  const dropouts = twinModel.layers.filter(({ name }) => name.startsWith('drop'));
  const widths = dropouts.map(({ outputShape }) => Number(outputShape.at(-1)));
  for (let k = 0; k < 6; k++) for (const width of widths) for (let i = 0; i < 32 * width; i++) twin.random();
  expect(generator.state()).toEqual(twin.state());
  twinModel.dispose();
});

test.each(nets)('%s in eval mode has the loss of PyTorch on the plan', async (net, build) => {
  const { model, executor } = await start(build, onPlan);
  const { images, labels } = batch(0);
  const outputs = await executor.predict(images, 32);
  const total = labels.reduce((sum, label, i) => sum - outputs[i * 10 + label], 0);
  expect(Math.abs(total / 32 - golden[net].eval_nll)).toBeLessThan(1e-5);
  const sizes = executor.parameters.map(({ value }) => value.length);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(golden[net].params);
  await executor.dispose();
  model.dispose();
});

test.each(nets)('%s keeps the running statistics that PyTorch keeps, on the plan', async (net) => {
  await expectFirstStatistics(net, onPlan);
});
