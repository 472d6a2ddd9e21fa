import { EngineError, Generator } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from '../eager-golden.js';
import { describeEveryExecutor, errorOf, PIXELS, plainNet } from './executors.js';

describeEveryExecutor('lifecycle', (make) => {
  const images = noise(5 * PIXELS, 1);
  const target = crossEntropy([0, 1, 2, 1, 0], 3);

  test('every call on an executor that was disposed of is an EngineError; disposing twice is not', async () => {
    const model = plainNet();
    const executor = await make(model);
    const weights = await executor.readWeights();
    await executor.dispose();
    await executor.dispose();
    for (const call of [
      () => executor.drawMasks(5, new Generator(1)),
      () => executor.trainStep(images, 5, target),
      () => executor.parametersChanged(),
      () => executor.predict(images, 5),
      () => executor.readWeights(),
      () => executor.writeWeights(weights),
      () => executor.syncModel(),
    ]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(EngineError);
      expect(error.message).toBe('This executor was disposed of. Make a new one.');
    }
    expect(tf.tidy(() => (model.predict(tf.zeros([1, 6, 6, 1])) as tf.Tensor).shape)).toEqual([1, 3]);
  });

  test('steps that do not wait for each other are steps one after the other', async () => {
    const [together, apart] = [
      await make(plainNet(), { batchSize: 8 }),
      await make(plainNet(), { batchSize: 8 }),
    ];
    const second = crossEntropy([2, 2, 1], 3);
    const results = await Promise.all([
      together.trainStep(images, 5, target),
      together.trainStep(images, 3, second),
    ]);
    const expected = [
      (await apart.trainStep(images, 5, target)).loss,
      (await apart.trainStep(images, 3, second)).loss,
    ];
    expect(results.map(({ loss }) => loss)).toEqual(expected);
    expect(await together.readWeights()).toEqual(await apart.readWeights());
    together.parameters.forEach(({ name, gradient }, i) => {
      expect(gradient, name).toEqual(apart.parameters[i].gradient);
    });
  });

  test('steps, predictions and weights leave no tensor behind', async () => {
    const executor = await make(plainNet());
    const tensors = tf.memory().numTensors;
    await executor.trainStep(images, 5, target);
    await executor.trainStep(images, 5, { kind: 'function', loss: (outputs) => tf.mean(outputs) });
    await executor.parametersChanged();
    await executor.predict(images, 5);
    await executor.writeWeights(await executor.readWeights());
    await executor.syncModel();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
