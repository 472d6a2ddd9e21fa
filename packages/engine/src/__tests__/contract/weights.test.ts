import { CheckpointError, type TensorDict } from '@mnist-kit/core';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from '../eager-golden.js';
import { describeEveryExecutor, errorOf, PIXELS, plainNet } from './executors.js';

const zeros = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
});

describeEveryExecutor('weights', (make) => {
  const images = noise(5 * PIXELS, 1);
  const target = crossEntropy([0, 1, 2, 1, 0], 3);

  test('parameters and weights go by the model’s names, shapes and order', async () => {
    const model = plainNet();
    const executor = await make(model);
    const trainable = model.trainableWeights.map(({ originalName, shape }) => [originalName, shape]);
    expect(executor.parameters.map(({ name, shape }) => [name, [...shape]])).toEqual(trainable);
    const weights = await executor.readWeights();
    expect(Object.keys(weights).sort()).toEqual(model.weights.map(({ originalName }) => originalName).sort());
    for (const { originalName, shape } of model.weights) expect(weights[originalName].shape).toEqual(shape);
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown name', { head: zeros(1) }, /no weight named "head"/],
    ['a name of Object.prototype', { toString: zeros(1) }, /no weight named "toString"/],
    ['a transposed shape', { 'fc/kernel': zeros(3, 4) }, /Weight "fc\/kernel" must have the shape \[4, 3\]/],
    ['a flat shape', { 'fc/kernel': zeros(12) }, /must have the shape \[4, 3\]. Received: \[12\]/],
    ['too few values', { 'fc/kernel': { ...zeros(4, 3), data: new Float32Array(11) } }, /with 11 values/],
    [
      'values of another type',
      { 'fc/kernel': { shape: [4, 3], data: new Float64Array(12) } },
      /as a Float32Array.*Float64Array/,
    ],
    ['an array', { 'fc/kernel': { shape: [4, 3], data: Array(12).fill(0) } }, /as a Float32Array/],
    ['nothing', { 'fc/kernel': undefined }, /as a Float32Array/],
  ])('weights with %s are a CheckpointError, and none is written', async (_, bad, message) => {
    const executor = await make(plainNet());
    const before = await executor.readWeights();
    const weights = { 'fc/bias': { shape: [3], data: Float32Array.of(1, 2, 3) }, ...(bad as TensorDict) };
    const error = await errorOf(() => executor.writeWeights(weights));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(message);
    expect(await executor.readWeights()).toEqual(before);
  });

  test('what is written is what predictions use and what parameters show; names that are left out stay', async () => {
    const executor = await make(plainNet());
    const before = await executor.readWeights();
    const data = Float32Array.of(0, 50, 0);
    await executor.writeWeights({ 'fc/bias': { shape: [3], data } });
    expect((await executor.predict(images, 1))[1]).toBeCloseTo(0, 5);
    expect(executor.parameters.at(-1)!.value).toEqual(data);
    expect(await executor.readWeights()).toEqual({ ...before, 'fc/bias': { shape: [3], data } });
    // Both ways are copies.
    data.fill(9);
    before['fc/kernel'].data.fill(9);
    expect((await executor.readWeights())['fc/bias'].data).toEqual(Float32Array.of(0, 50, 0));
    expect((await executor.readWeights())['fc/kernel'].data).not.toContain(9);
  });

  test('values that an optimizer writes count from `parametersChanged`, and reach the model', async () => {
    const model = plainNet();
    const executor = await make(model);
    const { loss: first } = await executor.trainStep(images, 5, target);
    for (const { value, gradient } of executor.parameters)
      for (let i = 0; i < value.length; i++) value[i] -= 0.1 * gradient[i];
    await executor.parametersChanged();
    const { loss } = await executor.trainStep(images, 5, target);
    expect(loss).toBeLessThan(first);
    await executor.syncModel();
    const weights = await executor.readWeights();
    for (const weight of model.weights)
      expect(weight.read().dataSync(), weight.originalName).toEqual(weights[weight.originalName].data);
  });

  test('a step gives loss and outputs before the update, fills gradients anew and moves no parameter', async () => {
    const executor = await make(plainNet());
    const before = await executor.readWeights();
    const one = await executor.trainStep(images, 5, target);
    const [loss, outputs] = [one.loss, one.outputs.slice()];
    const gradients = executor.parameters.map(({ gradient }) => gradient.slice());
    const again = await executor.trainStep(images, 5, target);
    expect([again.loss, again.outputs]).toEqual([loss, outputs]);
    expect(executor.parameters.map(({ gradient }) => gradient)).toEqual(gradients);
    for (const { name, value } of executor.parameters) expect(value, name).toEqual(before[name].data);
  });
});
