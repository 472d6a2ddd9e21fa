import { Generator, ModelError } from '@mnist-kit/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from '../eager-golden.js';
import { describeEveryExecutor, errorOf, PIXELS, plainNet } from './executors.js';

const { layers } = tfl;

/** Batch norm behind a Dense: as many values per channel as there are samples. */
const vectorNet = () =>
  tfl.sequential({
    layers: [
      layers.flatten({ inputShape: [6, 6, 1] }),
      layers.dense({ units: 4 }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });

describeEveryExecutor('batch norm', (make) => {
  const images = noise(2 * PIXELS, 1);

  test('one value per channel cannot be normalised, as in PyTorch, and nothing has changed', async () => {
    const model = vectorNet();
    const [executor, other] = [await make(model), await make(model)];
    const before = await executor.readWeights();
    executor.drawMasks(1, new Generator(1));
    const error = await errorOf(() => executor.trainStep(images, 1, crossEntropy([0], 3)));
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message).toMatch(/^Layer "norm" must see more than one value per channel in training/);
    expect(await executor.readWeights()).toEqual(before);
    expect(await executor.predict(images, 1)).toHaveLength(3);

    for (const one of [executor, other]) one.drawMasks(2, new Generator(1));
    const { loss } = await executor.trainStep(images, 2, crossEntropy([0, 1], 3));
    expect(loss).toBe((await other.trainStep(images, 2, crossEntropy([0, 1], 3))).loss);
  });

  test('one image of several pixels trains', async () => {
    const executor = await make(plainNet());
    const { loss } = await executor.trainStep(images, 1, crossEntropy([0], 3));
    expect(loss).toBeGreaterThan(0);
  });

  test('training moves the running statistics, predictions leave them alone', async () => {
    const executor = await make(plainNet());
    const statistics = async () =>
      Object.entries(await executor.readWeights()).filter(([name]) => /moving_(mean|variance)$/.test(name));
    const before = await statistics();
    expect(before).toHaveLength(4);
    await executor.predict(images, 2);
    expect(await statistics()).toEqual(before);
    await executor.trainStep(images, 2, crossEntropy([0, 1], 3));
    const moved = await statistics();
    for (const [i, [name, { data }]] of moved.entries()) expect(data, name).not.toEqual(before[i][1].data);
    await executor.predict(images, 2);
    expect(await statistics()).toEqual(moved);
  });
});
