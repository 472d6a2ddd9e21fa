import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { Trainer } from '@mnist-kit/trainer';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

function setup(lr = 0.1) {
  const generator = new Generator(2);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const optimizer = momentum(lr);
  const trainer = new Trainer({ model, executor, optimizer, loss: nll, generator });
  const train = () => new ListLoader(threeClasses(30), { generator, noise: 0.5 });
  return { generator, model, executor, optimizer, trainer, train };
}

test('sweeps the learning rate by a constant factor and suggests where the loss falls', async () => {
  const { trainer } = setup();
  // Some labels are wrong: a separable set would not diverge.
  const samples = threeClasses(40).map(({ pixels, label }, i) => ({
    pixels,
    label: i % 4 === 0 ? (label + 1) % 3 : label,
  }));
  const { lrs, losses, smoothed, suggestion } = await trainer.findLearningRate(new ListLoader(samples), {
    minLr: 1e-4,
    maxLr: 1e4,
    steps: 81,
  });
  expect(lrs[0]).toBe(1e-4);
  for (let i = 1; i < lrs.length; i++) expect(lrs[i] / lrs[i - 1]).toBeCloseTo(10 ** (8 / 80), 6);
  expect(losses[0]).toBeCloseTo(Math.log(3), 4);
  expect(smoothed).toHaveLength(lrs.length);
  // It stops where the loss has gone up again, long before 1e4.
  expect(lrs.length).toBeLessThan(81);
  expect(suggestion).toBeGreaterThan(1e-3);
  expect(suggestion).toBeLessThan(100);
});

test('puts weights, optimizer and random numbers back', async () => {
  const plain = setup();
  const expected = await plain.trainer.fit(plain.train(), { epochs: 2 });
  const { trainer, train, executor, generator, optimizer } = setup();
  await trainer.findLearningRate(train(), { steps: 20 });
  expect(optimizer.lr).toBe(0.1);
  const history = await trainer.fit(train(), { epochs: 2 });
  expect(history.withoutTimings()).toEqual(expected.withoutTimings());
  expect(executor.parameters[0].value).toEqual(plain.executor.parameters[0].value);
  expect(generator.state()).toEqual(plain.generator.state());
});

test('names bad options', async () => {
  const { trainer, train } = setup();
  await expect(trainer.findLearningRate(train(), { minLr: 0 })).rejects.toThrow('`minLr` must be above 0');
  await expect(trainer.findLearningRate(train(), { minLr: 1, maxLr: 1 })).rejects.toThrow(
    InvalidArgumentError,
  );
  await expect(trainer.findLearningRate(train(), { steps: 3 })).rejects.toThrow('`steps` must be an integer');
});
