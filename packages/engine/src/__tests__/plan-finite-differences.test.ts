import { Generator } from '@mnist-kit/core';
import { createPlanExecutor, useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { seed } from './compare-executors.js';
import { crossEntropy, noise } from './eager-golden.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const { layers } = tfl;
const SIZE = 4;

/** Smooth models, so that a small step of a weight changes no maximum and crosses no kink. */
const models: Record<string, () => tfl.layers.Layer[]> = {
  'a Winograd convolution between batch norms': () => [
    layers.batchNormalization({ inputShape: [9, 7, 4], momentum: 0.9 }),
    layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same' }),
    layers.batchNormalization({ momentum: 0.9 }),
    layers.activation({ activation: 'tanh' }),
    layers.dropout({ rate: 0.3, noiseShape: [null, 1, 1, null] as unknown as number[] }),
    layers.globalAveragePooling2d({}),
  ],
  'a strided convolution with bias and an activation of its own': () => [
    layers.conv2d({ inputShape: [9, 8, 3], filters: 5, kernelSize: 5, strides: 2, activation: 'sigmoid' }),
    layers.conv2d({ filters: 3, kernelSize: 2, padding: 'same', activation: 'gelu' as 'relu' }),
    layers.flatten(),
  ],
  'averages over windows that reach into the padding': () => [
    layers.conv2d({ inputShape: [7, 7, 2], filters: 3, kernelSize: 3, padding: 'same' }),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    layers.elu(),
    layers.flatten(),
  ],
};

test.each(Object.entries(models))('the gradients of %s are those of finite differences', async (_, make) => {
  const model = tfl.sequential({ layers: [...make(), layers.dense({ units: 3 })] });
  seed(model, 1);
  const [height, width, channels] = (model.inputs[0].shape as number[]).slice(1);
  const images = noise(SIZE * height * width * channels, 5);
  const target = crossEntropy([0, 1, 2, 1], 3);
  const executor = await createPlanExecutor(model, { threads: 1, batchSize: SIZE });
  const lossNow = async () => {
    executor.drawMasks(SIZE, new Generator(3));
    return (await executor.trainStep(images, SIZE, target)).loss;
  };
  await lossNow();
  const gradients = executor.parameters.map((parameter) => parameter.gradient.slice());
  const top = Math.max(...gradients.flatMap((gradient) => [...gradient].map(Math.abs)));

  for (const [i, { name, value }] of executor.parameters.entries())
    for (let k = 0; k < value.length; k += Math.max(1, Math.floor(value.length / 5))) {
      const before = value[k];
      const step = 1 / 128;
      const losses: number[] = [];
      for (const sign of [1, -1]) {
        value[k] = before + sign * step;
        await executor.parametersChanged();
        losses.push(await lossNow());
      }
      value[k] = before;
      await executor.parametersChanged();
      const slope = (losses[0] - losses[1]) / (2 * step);
      // float32 losses: a relative 1e-7 of the loss over the step, and the third derivative.
      expect(Math.abs(slope - gradients[i][k]), `${name}[${k}]`).toBeLessThan(2e-3 * top + 1e-4);
    }
  await executor.dispose();
});
