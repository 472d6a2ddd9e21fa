import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from '../eager-golden.js';
import { describeEveryExecutor, errorOf, PIXELS, plainNet } from './executors.js';

describeEveryExecutor('batches', (make) => {
  const images = noise(5 * PIXELS, 1);
  const target = crossEntropy([0, 1, 2, 1, 0], 3);

  test.each([0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined])(
    'a size of %s is refused by every call that takes one',
    async (size) => {
      const executor = await make(plainNet());
      const bad = size as number;
      for (const call of [
        () => executor.drawMasks(bad, new Generator(1)),
        () => executor.trainStep(images, bad, target),
        () => executor.predict(images, bad),
      ]) {
        const error = await errorOf(call);
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect(error.message).toMatch(/^`size` must be a positive integer. Received: size=/);
      }
    },
  );

  test.each<[string, unknown, RegExp]>([
    [
      'too short',
      images.subarray(1),
      /^`images` must hold 5 images of 6 x 6 x 1 values. Received: images=179/,
    ],
    ['an array of numbers', [...images], /^`images` must be a Float32Array of 5 images/],
    ['bytes', new Uint8Array(5 * PIXELS), /^`images` must be a Float32Array .* Received: images=Uint8Array/],
    ['doubles', new Float64Array(5 * PIXELS), /^`images` must be a Float32Array/],
    ['missing', undefined, /^`images` must be a Float32Array .* Received: images=undefined/],
  ])('images that are %s are refused, and nothing has changed', async (_, bad, message) => {
    const executor = await make(plainNet());
    const before = await executor.readWeights();
    for (const call of [
      () => executor.trainStep(bad as Float32Array, 5, target),
      () => executor.predict(bad as Float32Array, 5),
    ]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.message).toMatch(message);
    }
    expect(await executor.readWeights()).toEqual(before);
  });

  test('more images than the size asks for are left alone', async () => {
    const executor = await make(plainNet());
    const all = (await executor.predict(images, 5)).slice();
    const two = await executor.predict(images, 2);
    expect(two).toHaveLength(6);
    two.forEach((value, i) => {
      expect(value).toBeCloseTo(all[i], 5);
    });
  });

  test('batches above `batchSize` run, and images are only read', async () => {
    const [small, roomy] = [await make(plainNet(), { batchSize: 2 }), await make(plainNet())];
    const own = images.slice();
    const one = await small.trainStep(own, 5, target);
    const other = await roomy.trainStep(images, 5, target);
    expect(one.loss).toBeCloseTo(other.loss, 6);
    expect(own).toEqual(images);
  });
});
