import {
  CheckpointError,
  EngineError,
  Generator,
  InvalidArgumentError,
  ModelError,
  type TensorDict,
} from '@mnist-kit/core';
import { createEagerExecutor, type StepTarget, useBackend } from '@mnist-kit/engine';
import { convNet } from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, expect, test } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

const { layers } = tfl;

beforeEach(async () => {
  await useBackend('cpu');
});

const small = (options = {}) =>
  convNet({
    channels: [3, 4],
    poolAfter: [1],
    inputShape: [6, 6, 1],
    classes: 3,
    generator: new Generator(2),
    ...options,
  });
const images = noise(5 * 36, 1);
const target = crossEntropy([0, 1, 2, 1, 0], 3);

test('an executor says what it is and what it runs', async () => {
  const executor = await createEagerExecutor(small());
  expect(executor.engine).toBe('eager');
  expect(executor.description).toBe('eager, TensorFlow.js cpu backend');
  expect(executor.inputShape).toEqual([6, 6, 1]);
  expect(executor.classes).toBe(3);
  expect(executor.parameters.map(({ name, shape }) => [name, shape])).toEqual([
    ['conv1/kernel', [3, 3, 1, 3]],
    ['conv1/bias', [3]],
    ['bn1/gamma', [3]],
    ['bn1/beta', [3]],
    ['conv2/kernel', [3, 3, 3, 4]],
    ['conv2/bias', [4]],
    ['bn2/gamma', [4]],
    ['bn2/beta', [4]],
    ['fc/kernel', [4, 3]],
    ['fc/bias', [3]],
  ]);
});

test('dropout zeroes what the generator says and scales the rest, channels first', async () => {
  const rate = 0.4;
  const input = tfl.input({ shape: [2, 3, 2] });
  const dropped = layers.dropout({ rate }).apply(input);
  const features = layers.flatten().apply(dropped) as tfl.SymbolicTensor;
  const executor = await createEagerExecutor(tfl.model({ inputs: input, outputs: features }));
  executor.drawMasks(2, new Generator(8));
  const ones = new Float32Array(24).fill(1);
  const { outputs } = await executor.trainStep(ones, 2, crossEntropy([0, 0], 12));

  // `F.dropout` on n x channels x height x width: one draw per value in that order.
  const keep = new Generator(8).bernoulli(24, 1 - rate);
  for (let n = 0; n < 2; n++)
    for (let y = 0; y < 2; y++)
      for (let x = 0; x < 3; x++)
        for (let c = 0; c < 2; c++) {
          const kept = keep[((n * 2 + c) * 2 + y) * 3 + x];
          expect(outputs[((n * 2 + y) * 3 + x) * 2 + c]).toBe(
            kept === 1 ? Math.fround(1 / Math.fround(0.6)) : 0,
          );
        }
});

test('masks are drawn layer after layer, as many doubles as there are channels and features', async () => {
  const generator = new Generator(4);
  const executor = await createEagerExecutor(small());
  executor.drawMasks(5, generator);
  const reference = new Generator(4);
  for (let i = 0; i < 5 * (3 + 4 + 4); i++) reference.random();
  expect(generator.state()).toEqual(reference.state());
});

test('nothing is drawn where nothing is dropped', async () => {
  const generator = new Generator(4);
  const executor = await createEagerExecutor(small({ dropout: 0, fcDropout: 0 }));
  executor.drawMasks(5, generator);
  expect(generator.state()).toEqual(new Generator(4).state());
});

test('inference drops nothing and uses the running statistics, as stock TensorFlow.js does', async () => {
  const model = small();
  const executor = await createEagerExecutor(model, { batchSize: 2 });
  executor.drawMasks(5, new Generator(1));
  await executor.trainStep(images, 5, target);
  const expected = tf.tidy(() => (model.predict(tf.tensor4d(images, [5, 6, 6, 1])) as tf.Tensor).dataSync());
  const got = await executor.predict(images, 5);
  expect(got).toHaveLength(15);
  got.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-6);
  });
});

test('the running variance is the unbiased one', async () => {
  const model = tfl.sequential({
    layers: [layers.batchNormalization({ inputShape: [1], momentum: 0.75 }), layers.dense({ units: 2 })],
  });
  const executor = await createEagerExecutor(model);
  await executor.trainStep(Float32Array.of(1, 2, 6), 3, crossEntropy([0, 1, 0], 2));
  const weights = await executor.readWeights();
  const find = (end: string) => Object.entries(weights).find(([name]) => name.endsWith(end))![1].data[0];
  // Mean 3, squares of the deviations 4 + 1 + 9 over n - 1 = 2.
  expect(find('moving_mean')).toBeCloseTo(0.25 * 3, 6);
  expect(find('moving_variance')).toBeCloseTo(0.75 * 1 + 0.25 * 7, 6);
});

test('written values reach the model and are seen by it', async () => {
  const model = small();
  const executor = await createEagerExecutor(model);
  const bias = executor.parameters.at(-1)!;
  bias.value.set([0, 50, 0]);
  await executor.parametersChanged();
  expect([...model.getLayer('fc').getWeights()[1].dataSync()]).toEqual([0, 50, 0]);
  const outputs = await executor.predict(images, 1);
  expect(outputs[1]).toBeCloseTo(0, 6);
  // An optimizer's next writes must not reach the model before it is told.
  bias.value.fill(9);
  expect([...model.getLayer('fc').getWeights()[1].dataSync()]).toEqual([0, 50, 0]);
});

test('weights are read and written by name, in part too, and values follow', async () => {
  const executor = await createEagerExecutor(small());
  const before = await executor.readWeights();
  expect(Object.keys(before).slice(0, 6)).toEqual([
    'conv1/kernel',
    'conv1/bias',
    'bn1/gamma',
    'bn1/beta',
    'bn1/moving_mean',
    'bn1/moving_variance',
  ]);
  const data = Float32Array.of(1, 2, 3);
  await executor.writeWeights({ 'fc/bias': { shape: [3], data } });
  expect(await executor.readWeights()).toEqual({ ...before, 'fc/bias': { shape: [3], data } });
  expect(executor.parameters.at(-1)!.value).toEqual(data);
});

test.each<[string, TensorDict]>([
  [
    'an unknown name',
    { 'fc/bias': { shape: [3], data: new Float32Array(3) }, head: { shape: [], data: new Float32Array(1) } },
  ],
  [
    'another shape',
    {
      'fc/bias': { shape: [3], data: new Float32Array(3) },
      'fc/kernel': { shape: [3, 4], data: new Float32Array(12) },
    },
  ],
  [
    'too few values',
    {
      'fc/bias': { shape: [3], data: new Float32Array(3) },
      'fc/kernel': { shape: [4, 3], data: new Float32Array(11) },
    },
  ],
])('weights that do not fit change nothing: %s', async (_, weights) => {
  const executor = await createEagerExecutor(small());
  const before = await executor.readWeights();
  await expect(executor.writeWeights(weights)).rejects.toThrow(CheckpointError);
  expect(await executor.readWeights()).toEqual(before);
});

test('a constraint holds after an update and is seen in the value', async () => {
  const model = tfl.sequential({
    layers: [
      layers.dense({ units: 2, inputShape: [2], kernelConstraint: tfl.constraints.nonNeg(), useBias: false }),
    ],
  });
  const executor = await createEagerExecutor(model);
  const [kernel] = executor.parameters;
  kernel.value.set([-1, 2, 3, -4]);
  await executor.parametersChanged();
  expect([...kernel.value].map(Math.abs)).toEqual([0, 2, 3, 0]);
});

test('no call leaves a tensor over, whether it works or fails', async () => {
  const model = small();
  const executor = await createEagerExecutor(model);
  const before = tf.memory().numTensors;
  const step = async (loss: StepTarget) => {
    executor.drawMasks(5, new Generator(1));
    await executor.trainStep(images, 5, loss);
  };
  await step(target);
  expect(tf.memory().numTensors).toBe(before);
  await step({ kind: 'function', loss: (outputs) => tf.mean(outputs) });
  expect(tf.memory().numTensors).toBe(before);
  await executor.parametersChanged();
  await executor.predict(images, 5);
  await executor.writeWeights(await executor.readWeights());
  await executor.syncModel();
  expect(tf.memory().numTensors).toBe(before);

  const failing = () => {
    throw new RangeError('a loss of the user');
  };
  await expect(step({ kind: 'function', loss: failing })).rejects.toThrow('a loss of the user');
  await expect(step({ kind: 'function', loss: (outputs) => outputs as never })).rejects.toThrow(
    InvalidArgumentError,
  );
  await expect(step(crossEntropy([0], 3))).rejects.toThrow('`probabilities` must hold 5 x 3 values');
  expect(tf.memory().numTensors).toBe(before);
});

test('a step that fails leaves the running statistics alone', async () => {
  const executor = await createEagerExecutor(small());
  const before = await executor.readWeights();
  executor.drawMasks(5, new Generator(1));
  await expect(executor.trainStep(images, 5, crossEntropy([0], 3))).rejects.toThrow(InvalidArgumentError);
  expect(await executor.readWeights()).toEqual(before);
});

test('a step needs masks of its own size', async () => {
  const executor = await createEagerExecutor(small());
  await expect(executor.trainStep(images, 5, target)).rejects.toThrow(
    '`drawMasks(size, generator)` must be called',
  );
  executor.drawMasks(4, new Generator(1));
  await expect(executor.trainStep(images, 5, target)).rejects.toThrow('masks were drawn for, 4. Received: 5');
  executor.drawMasks(5, new Generator(1));
  await executor.trainStep(images, 5, target);
  await expect(executor.trainStep(images, 5, target)).rejects.toThrow(EngineError);
});

test('bad batches are refused', async () => {
  const executor = await createEagerExecutor(small());
  await expect(executor.predict(images, 0)).rejects.toThrow(InvalidArgumentError);
  await expect(executor.predict(images, 6)).rejects.toThrow(
    '`images` must hold 6 images of 6 x 6 x 1 values',
  );
  expect(() => executor.drawMasks(1.5, new Generator(1))).toThrow(InvalidArgumentError);
  await expect(createEagerExecutor(small(), { batchSize: 0 })).rejects.toThrow('`batchSize` must be');
});

test('BatchNorm with one value per channel cannot train, as in PyTorch', async () => {
  const model = tfl.sequential({
    layers: [layers.batchNormalization({ inputShape: [2], name: 'norm' }), layers.dense({ units: 2 })],
  });
  const executor = await createEagerExecutor(model);
  await expect(executor.trainStep(new Float32Array(2), 1, crossEntropy([0], 2))).rejects.toThrow(
    'Layer "norm" must see more than one value per channel',
  );
});

const input = (shape: number[]) => tfl.input({ shape });

test.each<[string, () => tfl.LayersModel, RegExp]>([
  [
    'two inputs',
    () => {
      const both = [input([2]), input([2])];
      return tfl.model({ inputs: both, outputs: layers.add().apply(both) as tfl.SymbolicTensor });
    },
    /one input and one output/,
  ],
  [
    'an output that is an image',
    () => tfl.sequential({ layers: [layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [4, 4, 1] })] }),
    /output must be n x classes/,
  ],
  [
    'an input of any size',
    () =>
      tfl.sequential({
        layers: [
          layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [null, null, 1] as unknown as number[] }),
          layers.globalAveragePooling2d({}),
        ],
      }),
    /fixed sizes/,
  ],
  [
    'a layer that makes masks',
    () =>
      tfl.sequential({ layers: [layers.masking({ inputShape: [3, 2], name: 'mask' }), layers.flatten()] }),
    /Layer "mask" \(Masking\)/,
  ],
  [
    'a noise shape that does not fit',
    () =>
      tfl.sequential({
        layers: [layers.dropout({ rate: 0.5, noiseShape: [1, 2], inputShape: [2], name: 'drop' })],
      }),
    /noise shape of layer "drop"/,
  ],
])('a model that cannot be run is refused: %s', async (_, build, message) => {
  await expect(createEagerExecutor(build())).rejects.toThrow(ModelError);
  await expect(createEagerExecutor(build())).rejects.toThrow(message);
});

test('a layer with random numbers of its own can predict but not train', async () => {
  const model = tfl.sequential({
    layers: [layers.gaussianNoise({ stddev: 1, inputShape: [2], name: 'noise' }), layers.dense({ units: 2 })],
  });
  const executor = await createEagerExecutor(model);
  expect(await executor.predict(new Float32Array(2), 1)).toHaveLength(2);
  await expect(executor.trainStep(new Float32Array(2), 1, crossEntropy([0], 2))).rejects.toThrow(
    'Layer "noise"',
  );
});

test('an executor that was disposed of refuses to work and leaves the model usable', async () => {
  const model = small();
  const executor = await createEagerExecutor(model);
  await executor.dispose();
  await expect(executor.predict(images, 1)).rejects.toThrow(EngineError);
  await expect(executor.parametersChanged()).rejects.toThrow(EngineError);
  expect(() => executor.drawMasks(1, new Generator(1))).toThrow(EngineError);
  expect(tf.tidy(() => (model.predict(tf.zeros([1, 6, 6, 1])) as tf.Tensor).shape)).toEqual([1, 3]);
});

test('the backend can be chosen, and an unknown one is named', async () => {
  const executor = await createEagerExecutor(small(), { backend: 'auto' });
  expect(executor.description).toBe('eager, TensorFlow.js wasm backend');
  expect(await executor.predict(images, 1)).toHaveLength(3);
  await expect(useBackend('warp')).rejects.toThrow(EngineError);
  await expect(useBackend('warp')).rejects.toThrow('"warp" is not registered');
  expect(tf.getBackend()).toBe('wasm');
});

test('an operation that the backend lacks is named together with a way out', async () => {
  await useBackend('wasm');
  const model = tfl.sequential({
    layers: [
      layers.embedding({ inputDim: 4, outputDim: 2, inputShape: [3] }),
      layers.flatten(),
      layers.dense({ units: 2 }),
    ],
  });
  const executor = await createEagerExecutor(model);
  const before = tf.memory().numTensors;
  const step = executor.trainStep(Float32Array.of(1, 2, 3), 1, crossEntropy([0], 2));
  await expect(step).rejects.toThrow(EngineError);
  await expect(step).rejects.toThrow(/wasm backend has no kernel "UnsortedSegmentSum"/);
  expect(tf.memory().numTensors).toBe(before);
});
