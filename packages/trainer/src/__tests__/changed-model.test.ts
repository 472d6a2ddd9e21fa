import { Generator, ModelError } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { convNet, stateDict } from '@mnist-kit/models';
import { SGD } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';
import { expect, test } from 'vitest';
import { nll } from './parts.js';

const net = () =>
  convNet({
    channels: [3, 4],
    inputShape: [6, 6, 1],
    classes: 3,
    dropout: 0,
    fcDropout: 0,
    generator: new Generator(3),
  });
type Net = ReturnType<typeof net>;
const images = new Generator(1).rand(24 * 36);
const labels = Int32Array.from({ length: 24 }, (_, i) => i % 3);
const loader = () => new DataLoader(arrayDataset({ images, labels, shape: [6, 6, 1] }), { batchSize: 8 });
const trainer = (model: Net) =>
  new Trainer({ model, optimizer: new SGD({ lr: 0.1 }), loss: nll, generator: new Generator(5), threads: 1 });

/** One epoch, a change of the model, another epoch: with one Trainer, or with a new one after the change. */
async function twoFits(change: (model: Net) => void, fresh: boolean) {
  const model = net();
  const first = trainer(model);
  await first.fit(loader());
  const between = stateDict(model);
  change(model);
  const second = fresh ? trainer(model) : first;
  await second.fit(loader());
  const after = stateDict(model);
  await first.dispose();
  await second.dispose();
  return { between, after };
}

test('layers that are frozen between two fits keep their weights, and the others go on', async () => {
  const freeze = (model: Net) => {
    model.getLayer('conv1').trainable = false;
  };
  const { between, after } = await twoFits(freeze, false);
  expect(after['conv1.weight'].data).toEqual(between['conv1.weight'].data);
  expect(after['conv2.weight'].data).not.toEqual(between['conv2.weight'].data);
  expect(after).toEqual((await twoFits(freeze, true)).after);
});

test('a layer that is freed, or one weight of it, is trained again', async () => {
  const model = net();
  model.getLayer('conv1').trainable = false;
  const one = trainer(model);
  await one.fit(loader());
  const frozen = stateDict(model);
  model.getLayer('conv1').trainable = true;
  model.getLayer('conv1').trainableWeights[1].trainable = false;
  await one.fit(loader());
  const after = stateDict(model);
  expect(after['conv1.weight'].data).not.toEqual(frozen['conv1.weight'].data);
  expect(after['conv1.bias'].data).toEqual(frozen['conv1.bias'].data);
  await one.dispose();
});

test('a dropout rate that is set between two fits counts', async () => {
  const set = (model: Net) => {
    Object.assign(model.getLayer('dropfc'), { rate: 0.5 });
  };
  const { after } = await twoFits(set, false);
  expect(after).not.toEqual((await twoFits(() => {}, false)).after);
  // Nothing was drawn before the change, so a new Trainer's generator stands where the old one's does.
  expect(after).toEqual((await twoFits(set, true)).after);
});

test('an executor of the user is not remade behind their back', async () => {
  const model = net();
  const executor = await createExecutor(model, { threads: 1 });
  const one = new Trainer({ model, optimizer: new SGD({ lr: 0.1 }), loss: nll, executor });
  await one.fit(loader());
  model.getLayer('conv1').trainable = false;
  await expect(one.fit(loader())).rejects.toThrow(ModelError);
  await one.dispose();
  await executor.dispose();
});
