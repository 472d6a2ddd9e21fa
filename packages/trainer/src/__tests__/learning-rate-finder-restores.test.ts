import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { labelSmoothingCrossEntropy, mixup } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { Adam, AdamW, OneCycleLR, type Optimizer, SGD } from '@mnist-kit/optim';
import { ExponentialMovingAverage, type LoaderLike, Trainer } from '@mnist-kit/trainer';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';

const digits = await mnist({ split: 'train' });
const groups = [{ match: /\/(bias|gamma|beta)$/, lr: 5e-3, weightDecay: 0 }];
const optimizers: Record<string, () => Optimizer> = {
  SGD: () => new SGD({ lr: 1e-2, momentum: 0.9, groups }),
  Adam: () => new Adam({ lr: 1e-2, groups }),
  AdamW: () => new AdamW({ lr: 1e-2, groups }),
};

/** Everything with a state at once: batch norm, dropout, mixup, augmentation, averages, accumulation, a schedule. */
function setup(optimizer: Optimizer, engine: 'plan' | 'eager' = 'plan') {
  const generator = new Generator(3);
  const model = convNet({ channels: [3, 4], poolAfter: [1], dropout: 0.2, fcDropout: 0.3, generator });
  const transform = T.compose([T.randomRotation(10), T.normalize({ mean: 0.1307, std: 0.3081 })]);
  const indices = Int32Array.from({ length: 70 }, (_, i) => i);
  const train = new DataLoader(new Subset(digits, indices), {
    ...{ batchSize: 10, shuffle: true, transform, generator: new Generator(4) },
  });
  const scheduler = new OneCycleLR(optimizer, { maxLr: [2e-2, 1e-2], totalSteps: 40 });
  const trainer = new Trainer({
    ...{ model, optimizer, scheduler, generator, engine, threads: 1 },
    loss: labelSmoothingCrossEntropy({ smoothing: 0.1 }),
    ...{
      mixup: mixup({ alpha: 0.4, probability: 0.7 }),
      accumulateGradBatches: 2,
      gradientClip: { norm: 1 },
    },
    callbacks: [new ExponentialMovingAverage({ decay: 0.9 })],
  });
  /** All that a later fit depends on, and what the model says. */
  const state = async () => ({
    weights: await (await trainer.executor()).readWeights(),
    model: await Promise.all(model.getWeights().map(async (weight) => Array.from(await weight.data()))),
    optimizer: optimizer.state(),
    scheduler: scheduler.state(),
    generators: [generator.state(), train.generator?.state()],
  });
  return { trainer, train, state };
}

/** A sweep that ends in weights and statistics which are no numbers. */
async function sweepToNaN(trainer: Trainer, train: LoaderLike) {
  const { losses } = await trainer.findLearningRate(train, { steps: 30, maxLr: 1e30, divergence: Infinity });
  expect(losses.length).toBeGreaterThan(10);
  expect(Math.max(...losses.map((loss) => (Number.isFinite(loss) ? loss : Infinity)))).toBeGreaterThan(100);
}

describe.each(Object.entries(optimizers))('a fit with %s has the same bits', (_, optimizer) => {
  test('after a sweep as without one', async () => {
    const plain = setup(optimizer());
    const expected = await plain.trainer.fit(plain.train, { epochs: 2 });
    const swept = setup(optimizer());
    const before = await swept.state();
    await sweepToNaN(swept.trainer, swept.train);
    expect(await swept.state()).toEqual(before);
    const history = await swept.trainer.fit(swept.train, { epochs: 2 });
    expect(history.withoutTimings()).toEqual(expected.withoutTimings());
    expect(await swept.state()).toEqual(await plain.state());
  });

  test('when a sweep comes between two fits', async () => {
    const plain = setup(optimizer());
    await plain.trainer.fit(plain.train, { epochs: 1 });
    const expected = await plain.trainer.fit(plain.train, { epochs: 1 });
    const swept = setup(optimizer());
    await swept.trainer.fit(swept.train, { epochs: 1 });
    await sweepToNaN(swept.trainer, swept.train);
    const history = await swept.trainer.fit(swept.train, { epochs: 1 });
    expect(history.withoutTimings()).toEqual(expected.withoutTimings());
    expect(await swept.state()).toEqual(await plain.state());
  });
});

test('everything is put back on the eager engine too', async () => {
  const { trainer, train, state } = setup(optimizers.AdamW(), 'eager');
  const before = await state();
  await trainer.findLearningRate(train, { steps: 10 });
  expect(await state()).toEqual(before);
});

test('everything is put back where the loader fails in the middle', async () => {
  const { trainer, train, state } = setup(optimizers.Adam());
  const before = await state();
  let batches = 0;
  const failing: LoaderLike = {
    generator: train.generator,
    async *[Symbol.asyncIterator]() {
      for await (const batch of train) {
        if (++batches === 12) throw new Error('the disk is gone');
        yield batch;
      }
    },
  };
  await expect(trainer.findLearningRate(failing)).rejects.toThrow('the disk is gone');
  expect(batches).toBe(12);
  expect(await state()).toEqual(before);
});

test('an optimizer whose state is its own arrays, without its rate, is put back', async () => {
  const velocity = new Map<string, Float32Array>();
  const optimizer = {
    lr: 0.1,
    step(parameters: readonly { name: string; value: Float32Array; gradient: Float32Array }[]) {
      for (const { name, value, gradient } of parameters) {
        const v = velocity.get(name) ?? new Float32Array(value.length);
        velocity.set(name, v);
        for (let i = 0; i < v.length; i++) {
          v[i] = 0.9 * v[i] + gradient[i];
          value[i] -= this.lr * v[i];
        }
      }
    },
    state: () => ({ velocity }),
    loadState(state: { velocity: Map<string, Float32Array> }) {
      const saved = [...state.velocity];
      velocity.clear();
      for (const [name, v] of saved) velocity.set(name, v);
    },
  };
  const generator = new Generator(3);
  const model = convNet({ channels: [2], generator });
  const train = new DataLoader(new Subset(digits, Int32Array.of(1, 2, 3, 4)), { batchSize: 2, generator });
  const loss = labelSmoothingCrossEntropy();
  const trainer = new Trainer({ model, optimizer, loss, generator, threads: 1 });
  await trainer.fit(train);
  const before = structuredClone(velocity);
  await trainer.findLearningRate(train, { steps: 10 });
  expect(velocity).toEqual(before);
  expect(optimizer.lr).toBe(0.1);
});
