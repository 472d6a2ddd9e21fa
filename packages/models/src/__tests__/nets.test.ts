import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { convNet, optimizedNet, readSafetensors, stateDict } from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { firstImages, fixture, golden, nets, seeded } from './golden.js';

test.each(nets)('%s has as many parameters as in PyTorch', (name, build) => {
  expect(
    build().trainableWeights.reduce(
      (sum, weight) => sum + tf.util.sizeFromShape(weight.shape as number[]),
      0,
    ),
  ).toBe(golden[name].params);
});

test.each(nets)('%s starts from the very weights that PyTorch starts from', (name, build) => {
  const expected = readSafetensors(fixture(`${name}.init.safetensors`));
  const dict = stateDict(seeded(build));
  expect(Object.keys(dict)).toEqual(Object.keys(expected));
  for (const [key, { shape, data }] of Object.entries(expected)) {
    expect(dict[key].shape, key).toEqual(shape);
    expect(dict[key].data, key).toEqual(data);
  }
});

test.each(nets)('%s gives the log-probabilities that PyTorch gives in eval mode', (name, build) => {
  const model = seeded(build);
  const images = tf.tensor4d(firstImages(4), [4, 28, 28, 1]);
  const outputs = model.predict(images) as tf.Tensor;
  const expected = golden[name].eval_logprobs_first4.flat();
  const got = outputs.dataSync();
  expect(got).toHaveLength(40);
  for (let i = 0; i < 40; i++) expect(Math.abs(got[i] - expected[i])).toBeLessThan(1e-5);
  tf.dispose([images, outputs]);
});

test('the layers have the names and settings that a port from PyTorch expects', () => {
  const model = optimizedNet();
  expect(model.layers.map(({ name }) => name)).toEqual([
    'input',
    ...['conv1', 'bn1', 'relu1', 'drop1', 'conv2', 'bn2', 'relu2', 'drop2', 'pool1'],
    ...['conv3', 'bn3', 'relu3', 'drop3', 'conv4', 'bn4', 'relu4', 'drop4', 'pool2'],
    ...['conv5', 'bn5', 'relu5', 'drop5', 'avgpool', 'dropfc', 'fc', 'logsoftmax'],
  ]);
  expect(model.getLayer('bn3').getConfig()).toMatchObject({ momentum: 0.9, epsilon: 1e-5 });
  expect(model.getLayer('drop1').getConfig()).toMatchObject({ rate: 0.1, noiseShape: [null, 1, 1, null] });
  expect(model.getLayer('dropfc').getConfig()).toMatchObject({ rate: 0.2 });
});

test('convNet takes other images, blocks, pools and classes', () => {
  const model = convNet({
    channels: [4, 6],
    poolAfter: [1],
    classes: 3,
    inputShape: [9, 7, 3],
    name: 'small',
  });
  expect(model.name).toBe('small');
  expect(model.getLayer('conv2').outputShape).toEqual([null, 4, 3, 6]);
  expect(model.outputs[0].shape).toEqual([null, 3]);
  const outputs = tf.tidy(() =>
    tf.sum(tf.exp(model.predict(tf.ones([2, 9, 7, 3])) as tf.Tensor), 1).dataSync(),
  );
  for (const total of outputs) expect(total).toBeCloseTo(1, 5);
});

test('building draws from the generator alone and leaves no tensor but the weights', () => {
  const before = tf.memory().numTensors;
  const generator = new Generator(3);
  const model = convNet({ channels: [2], inputShape: [4, 4, 1], classes: 2, generator });
  expect(tf.memory().numTensors - before).toBe(model.weights.length);
  const reference = new Generator(3);
  reference.rand(2 * 9 + 2 + 2 * 2 + 2);
  expect(generator.state()).toEqual(reference.state());
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('a saved model is one that stock TensorFlow.js loads and runs alike', async () => {
  const model = seeded(optimizedNet);
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  // Through JSON, as model.json goes.
  const copy = JSON.parse(JSON.stringify({ ...saved, weightData: undefined }));
  const loaded = await tfl.loadLayersModel(tf.io.fromMemory({ ...copy, weightData: saved?.weightData }));
  const images = tf.tensor4d(firstImages(2), [2, 28, 28, 1]);
  const [expected, got] = [model, loaded].map((one) => (one.predict(images) as tf.Tensor).dataSync());
  expect(got).toEqual(expected);
  expect(loaded.getLayer('drop1').getConfig().noiseShape).toEqual([null, 1, 1, null]);
});

test.each([
  [{ channels: [] }, 'channels'],
  [{ channels: [8, 1.5] }, 'channels'],
  [{ channels: [8], poolAfter: [2] }, 'poolAfter'],
  [{ channels: [8], poolAfter: [1, 1] }, 'poolAfter'],
  [{ channels: [8], dropout: 1 }, 'dropout'],
  [{ channels: [8], fcDropout: -0.1 }, 'fcDropout'],
  [{ channels: [8], classes: 0 }, 'classes'],
  [{ channels: [8, 8], poolAfter: [1, 2], inputShape: [3, 28, 1] as const }, 'inputShape'],
  [{ channels: [8], inputShape: [28, 28] as unknown as [number, number, number] }, 'inputShape'],
])('a net that cannot be is refused by name: %j', (options, argument) => {
  const before = tf.memory().numTensors;
  expect(() => convNet(options)).toThrow(InvalidArgumentError);
  expect(() => convNet(options)).toThrow(`\`${argument}\` must`);
  expect(tf.memory().numTensors).toBe(before);
});
