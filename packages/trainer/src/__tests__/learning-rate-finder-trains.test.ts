import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { AdamW, SGD } from '@mnist-kit/optim';
import { type OptimizerLike, Trainer } from '@mnist-kit/trainer';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';

// A sample of scripts/learning-rates.mjs, which compares more nets and optimizers for longer.

const STEPS = 80;
const every = (count: number, step: number) => Int32Array.from({ length: count }, (_, i) => i * step);
const transform = T.normalize({ mean: 0.1307, std: 0.3081 });
const trainSet = new Subset(await mnist({ split: 'train' }), every(10_000, 6));
const testSet = new Subset(await mnist({ split: 'test' }), every(500, 20));
const test500 = new DataLoader(testSet, { batchSize: 100, transform });

const head = (seed: number) => [
  tfl.layers.dense({ units: 10, kernelInitializer: tfl.initializers.heUniform({ seed }) }),
  tfl.layers.activation({ activation: 'logSoftmax' as 'softmax' }),
];
const nets = {
  batchNorm: (seed: number) =>
    tfl.sequential({
      layers: [
        tfl.layers.conv2d({
          ...{ inputShape: [28, 28, 1], filters: 6, kernelSize: 5, strides: 2 },
          kernelInitializer: tfl.initializers.heUniform({ seed }),
        }),
        tfl.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }),
        tfl.layers.reLU(),
        tfl.layers.flatten(),
        ...head(seed + 100),
      ],
    }),
  dense: (seed: number) =>
    tfl.sequential({
      layers: [
        tfl.layers.flatten({ inputShape: [28, 28, 1] }),
        tfl.layers.dense({
          ...{ units: 32, activation: 'relu' },
          kernelInitializer: tfl.initializers.heUniform({ seed }),
        }),
        ...head(seed + 100),
      ],
    }),
};
const optimizers = {
  SGD: (lr: number): OptimizerLike => new SGD({ lr }),
  AdamW: (lr: number): OptimizerLike => new AdamW({ lr }),
};

test.each([
  ['batchNorm', 'SGD', 1],
  ['batchNorm', 'SGD', 2],
  ['batchNorm', 'SGD', 3],
  ['batchNorm', 'AdamW', 4],
  ['dense', 'SGD', 5],
  ['dense', 'AdamW', 6],
] as const)(
  'a net (%s) that %s trains with the suggestion gets near what the best rate gives, seed %i',
  async (net, optimizer, seed) => {
    const model = nets[net](seed);
    const generator = new Generator(seed);
    const owner = new Trainer({ model, threads: 1 });
    const executor = await owner.executor();
    const weights = await executor.readWeights();
    const state = generator.state();
    const train = new DataLoader(trainSet, {
      batchSize: 64,
      shuffle: true,
      dropLast: true,
      transform,
      generator,
    });
    const accuracy = async (lr: number) => {
      await executor.writeWeights(weights);
      await executor.syncModel();
      generator.setState(state);
      const trainer = new Trainer({
        ...{
          model,
          executor,
          generator,
          loss: nllLoss(),
          optimizer: optimizers[optimizer](lr),
          maxSteps: STEPS,
        },
      });
      await trainer.fit(train);
      return (await trainer.test(test500)).testAccuracy;
    };
    const finder = new Trainer({
      model,
      executor,
      generator,
      loss: nllLoss(),
      optimizer: optimizers[optimizer](1),
    });
    const { suggestion } = await finder.findLearningRate(train);
    const grid: number[] = [];
    for (let exponent = -4; exponent <= 0.5; exponent += 0.5) grid.push(await accuracy(10 ** exponent));
    const best = Math.max(...grid);
    expect(best).toBeGreaterThan(0.8);
    expect(await accuracy(suggestion!)).toBeGreaterThan(0.9 * best);
    await owner.dispose();
  },
);
