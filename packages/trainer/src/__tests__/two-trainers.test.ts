import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { type Callback, Trainer, type TrainerOptions } from '@mnist-kit/trainer';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

const samples = threeClasses(12);
const train = () => new ListLoader(samples, { generator: new Generator(1), noise: 0.3 });

function setup(model: LayersModel, options: Partial<TrainerOptions> = {}) {
  const executor = new LinearExecutor(model);
  const optimizer = momentum(0.1);
  return new Trainer({ ...{ model, executor, optimizer, loss: nll }, ...options });
}

const weightsOf = (model: LayersModel) => model.getWeights().map((weight) => Array.from(weight.dataSync()));

test.each([
  ['fit', 'fit', /^`model` must be trained by one Trainer at a time: a fit of another one is using it/],
  ['fit', 'findLearningRate', /^`model` must be trained by one Trainer at a time: a fit of another one/],
  ['findLearningRate', 'fit', /^`model` must be .*: `findLearningRate` of another one is using it/],
  ['findLearningRate', 'findLearningRate', /: `findLearningRate` of another one/],
] as const)(
  'while %s changes a model, %s of another Trainer is refused and changes nothing',
  async (first, second, message) => {
    const alone = linearModel();
    await setup(alone)[first](train());
    const model = linearModel();
    const running = setup(model)[first](train());
    const other = setup(model);
    const refused = other[second](train());
    await expect(refused).rejects.toThrow(InvalidArgumentError);
    await expect(refused).rejects.toThrow(message);
    await running;
    expect(weightsOf(model)).toEqual(weightsOf(alone));
    // And afterwards both are free to.
    await other[second](train());
    await setup(model).fit(train());
  },
);

test('a model whose fit has failed is free again', async () => {
  const model = linearModel();
  const fail: Callback = {
    onEpochStart() {
      throw new Error('mine');
    },
  };
  await expect(setup(model, { callbacks: [fail] }).fit(train())).rejects.toThrow('mine');
  const broken = () => Promise.reject(new Error('no executor'));
  await expect(setup(model, { executor: broken }).fit(train())).rejects.toThrow('no executor');
  await setup(model).fit(train());
});

test('an optimizer that a fit is using is refused to another one', async () => {
  const optimizer = momentum(0.1);
  const running = setup(linearModel(), { optimizer }).fit(train());
  await expect(setup(linearModel(), { optimizer }).fit(train())).rejects.toThrow(
    /^`optimizer` must be .*an optimizer of its own/,
  );
  await running;
  await setup(linearModel(), { optimizer }).fit(train());
});

test('fits of two models run side by side', async () => {
  const models = [linearModel(), linearModel()];
  await Promise.all(models.map((model) => setup(model).fit(train(), { epochs: 2 })));
  expect(weightsOf(models[0])).toEqual(weightsOf(models[1]));
});

test('what another Trainer measures and predicts during a fit is with the weights of that moment', async () => {
  const model = linearModel();
  const loader = () => new ListLoader(samples);
  const images = Float32Array.from(samples.flatMap(({ pixels }) => pixels));
  const seen: [unknown, unknown][] = [];
  const look: Callback = {
    onEpochEnd: async () => {
      const other = setup(model);
      seen.push([await own.validate(loader()), await other.validate(loader())]);
      seen.push([await own.test(loader()), await other.test(loader())]);
      seen.push([(await own.predict(images)).outputs, (await other.predict(images)).outputs]);
    },
  };
  const own = setup(model, { callbacks: [look] });
  await own.fit(train(), { epochs: 2 });
  expect(seen).toHaveLength(6);
  for (const [mine, others] of seen) expect(others).toEqual(mine);
  expect(seen[0][0]).not.toEqual(seen[3][0]);
});

test('measuring with another Trainer during a fit or a sweep changes neither', async () => {
  for (const method of ['fit', 'findLearningRate'] as const) {
    const alone = linearModel();
    await setup(alone)[method](train());
    const model = linearModel();
    const running = setup(model)[method](train());
    await setup(model).validate(new ListLoader(samples));
    await running;
    expect(weightsOf(model)).toEqual(weightsOf(alone));
  }
});
