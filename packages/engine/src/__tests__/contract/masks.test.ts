import { EngineError, Generator } from '@mnist-kit/core';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from '../eager-golden.js';
import { describeEveryExecutor, errorOf, PIXELS, plainNet, smallNet } from './executors.js';

describeEveryExecutor('dropout masks', (make) => {
  const images = noise(5 * PIXELS, 1);
  const target = crossEntropy([0, 1, 2, 1, 0], 3);

  test('a step without masks, with masks of another size or with used ones is refused', async () => {
    const executor = await make(smallNet());
    const before = await executor.readWeights();
    const step = () => executor.trainStep(images, 5, target);
    expect(await errorOf(step)).toBeInstanceOf(EngineError);
    executor.drawMasks(4, new Generator(1));
    expect(await errorOf(step)).toBeInstanceOf(EngineError);
    expect(await executor.readWeights()).toEqual(before);
    executor.drawMasks(5, new Generator(1));
    await step();
    const error = await errorOf(step);
    expect(error).toBeInstanceOf(EngineError);
    expect(error.message).toContain('drawMasks(size, generator)');
  });

  test('a step that is refused leaves the masks for the next', async () => {
    const [executor, other] = [await make(smallNet()), await make(smallNet())];
    for (const one of [executor, other]) one.drawMasks(5, new Generator(3));
    await errorOf(() => executor.trainStep(images.subarray(1), 5, target));
    await errorOf(() => executor.trainStep(images, 4, crossEntropy([0, 1, 2, 1], 3)));
    await errorOf(() => executor.trainStep(images, 5, crossEntropy([0], 3)));
    const { loss } = await executor.trainStep(images, 5, target);
    expect(loss).toBe((await other.trainStep(images, 5, target)).loss);
  });

  test('predictions between drawing and training drop nothing and disturb nothing', async () => {
    const [executor, other] = [await make(smallNet()), await make(smallNet())];
    const expected = (await other.predict(images, 5)).slice();
    for (const one of [executor, other]) one.drawMasks(5, new Generator(3));
    expect(await executor.predict(images, 5)).toEqual(expected);
    const { loss } = await executor.trainStep(images, 5, target);
    expect(loss).toBe((await other.trainStep(images, 5, target)).loss);
  });

  test('as many numbers are drawn as there are channels and features, and none where nothing is dropped', async () => {
    const [generator, reference] = [new Generator(4), new Generator(4)];
    (await make(smallNet())).drawMasks(5, generator);
    for (let i = 0; i < 5 * (3 + 4 + 4); i++) reference.random();
    expect(generator.state()).toEqual(reference.state());
    const plain = await make(plainNet());
    plain.drawMasks(5, generator);
    expect(generator.state()).toEqual(reference.state());
    expect((await plain.trainStep(images, 5, target)).loss).toBeGreaterThan(0);
  });
});
