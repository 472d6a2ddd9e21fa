import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { nllLoss } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { AdamW, OneCycleLR, type Optimizer } from '@mnist-kit/optim';
import {
  type Callback,
  confusionMatrix,
  EarlyStopping,
  ExponentialMovingAverage,
  LearningRateMonitor,
  perClassAccuracy,
  Trainer,
  topKAccuracy,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';

const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);
const digits = await mnist({ split: 'train' });

async function setup(samples: number, seed = 1) {
  const generator = new Generator(seed);
  const transform = T.normalize({ mean: 0.1307, std: 0.3081 });
  const train = new DataLoader(new Subset(digits, range(0, samples)), {
    ...{ batchSize: 50, shuffle: true, transform, generator },
  });
  const val = new DataLoader(new Subset(digits, range(50_000, 51_000)), { batchSize: 250, transform });
  const model = convNet({ channels: [8, 16, 32], poolAfter: [1, 2], dropout: 0.02, generator });
  const optimizer = new AdamW({ lr: 1e-2, weightDecay: 1e-3 });
  return { generator, train, val, model, optimizer };
}

function oneCycle(optimizer: Optimizer, totalSteps: number) {
  return new OneCycleLR(optimizer, { maxLr: 2e-2, totalSteps });
}

test('a small net learns real digits on the plan to 92%, and stock TensorFlow.js agrees', async () => {
  const { generator, train, val, model, optimizer } = await setup(8000);
  const rates = new LearningRateMonitor({ interval: 'step' });
  const scheduler = oneCycle(optimizer, 4 * train.length);
  const trainer = new Trainer({
    ...{ model, optimizer, scheduler, generator, loss: nllLoss(), engine: 'plan', callbacks: [rates] },
    metrics: { top3: topKAccuracy({ k: 3 }), perClass: perClassAccuracy(), confusion: confusionMatrix() },
  });
  const history = await trainer.fit(train, { val, epochs: 4 });
  expect(history.last!.valAccuracy).toBeGreaterThan(0.92);
  expect(history.last!.valTop3).toBeGreaterThan(0.98);
  expect(rates.entries).toHaveLength(640);
  expect(Math.max(...rates.entries.map(({ lr }) => lr))).toBeCloseTo(2e-2, 4);

  const result = await trainer.test(val);
  expect(result.testAccuracy).toBe(history.last!.valAccuracy);
  expect(result.testConfusion.flat().reduce((sum, count) => sum + count)).toBe(1000);
  expect(result.testPerClass).toHaveLength(10);

  const { outputs, predictions, labels } = await trainer.predict(val);
  await trainer.dispose();
  const iterator = val[Symbol.asyncIterator]();
  const { value: batch } = await iterator.next();
  const expected = tf.tidy(() => {
    const images = tf.tensor4d(batch!.images.slice(0, 20 * 784), [20, 28, 28, 1]);
    return (model.predict(images) as tf.Tensor).dataSync().slice();
  });
  for (const [i, value] of expected.entries()) expect(outputs[i]).toBeCloseTo(value, 4);
  const hits = predictions.filter((prediction, i) => prediction === labels[i]).length;
  expect(hits / 1000).toBe(result.testAccuracy);
});

test('plan and eager train to the same losses', async () => {
  const losses = [];
  for (const engine of ['plan', 'eager'] as const) {
    const { generator, train, model, optimizer } = await setup(200, 3);
    const trainer = new Trainer({
      model,
      optimizer,
      generator,
      engine,
      loss: nllLoss(),
      limitTrainBatches: 2,
    });
    const { last } = await trainer.fit(train);
    losses.push(last!.trainLoss);
    await trainer.dispose();
  }
  expect(losses[1]).toBeCloseTo(losses[0], 4);
});

/** Collects garbage; what is in use after it, in bytes. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('two hundred epochs leave no tensors and no memory behind', async () => {
  const { generator, train, model, optimizer } = await setup(100);
  const transform = T.normalize({ mean: 0.1307, std: 0.3081 });
  const val = new DataLoader(new Subset(digits, range(50_000, 50_050)), { batchSize: 25, transform });
  const executor = await createExecutor(model, { engine: 'plan', batchSize: 50, threads: 2 });
  const used: { epoch: number; tensors: number; bytes: number }[] = [];
  const watch: Callback = {
    onEpochEnd: (_, { epoch }) => {
      if (epoch % 20 === 0) used.push({ epoch, tensors: tf.memory().numTensors, bytes: bytesInUse() });
    },
  };
  const trainer = new Trainer({
    ...{ model, optimizer, generator, executor, loss: nllLoss(), metrics: { confusion: confusionMatrix() } },
    callbacks: [
      new ExponentialMovingAverage(),
      new EarlyStopping({ monitor: 'valLoss', patience: 1000, restoreBest: true }),
      watch,
    ],
  });
  await trainer.fit(train, { val, epochs: 200 });
  expect(used).toHaveLength(10);
  const [first, ...later] = used;
  for (const { epoch, tensors, bytes } of later) {
    expect(tensors, `tensors after epoch ${epoch}`).toBe(first.tensors);
    // The history grows by a record an epoch: a kilobyte or two.
    expect(bytes - first.bytes, `bytes after epoch ${epoch}`).toBeLessThan(3e6);
  }
  await executor.dispose();
});
