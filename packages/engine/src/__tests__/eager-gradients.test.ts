import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, type Executor, useBackend } from '@mnist-kit/engine';
import { convNet } from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

beforeAll(async () => {
  await useBackend('cpu');
});

/** Gives every weight values from a generator, where TensorFlow.js's initialisers would not repeat theirs. */
function seed(model: tfl.LayersModel): tfl.LayersModel {
  model.weights.forEach((weight, i) => {
    const size = tf.util.sizeFromShape(weight.shape as number[]);
    const values = noise(size, i + 1).map((value) =>
      weight.originalName.endsWith('moving_variance') ? 1.5 + value : 0.5 * value,
    );
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  });
  return model;
}

type Tensors = tfl.SymbolicTensor;
const apply = (layer: tfl.layers.Layer, input: Tensors | Tensors[]) => layer.apply(input) as Tensors;
const { layers } = tfl;

/** Small models that have, between them, everything that the walk over the graph must get right. */
const models: Record<string, () => tfl.LayersModel> = {
  'a chain with BatchNorm': () =>
    convNet({
      channels: [3, 4],
      poolAfter: [1],
      inputShape: [8, 8, 2],
      classes: 3,
      dropout: 0,
      fcDropout: 0,
    }),
  'branches that meet in Add and Concatenate': () => {
    const input = tfl.input({ shape: [6, 6, 1] });
    const left = apply(
      layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }),
      input,
    );
    const right = apply(layers.conv2d({ filters: 3, kernelSize: 1 }), input);
    const sum = apply(layers.add(), [left, right]);
    const both = apply(layers.concatenate(), [
      sum,
      // Not padded by the pool itself, whose stock gradient would be wrong.
      apply(
        layers.averagePooling2d({ poolSize: 3, strides: 1 }),
        apply(layers.zeroPadding2d({ padding: 1 as unknown as [number, number] }), left),
      ),
    ]);
    const features = apply(layers.flatten(), apply(layers.maxPooling2d({ poolSize: 2 }), both));
    return tfl.model({ inputs: input, outputs: apply(layers.dense({ units: 3 }), features) });
  },
  'a layer that is called twice': () => {
    const input = tfl.input({ shape: [6, 6, 2] });
    const shared = layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same' });
    const norm = layers.batchNormalization();
    const once = apply(norm, apply(shared, input));
    const twice = apply(norm, apply(shared, apply(layers.elu(), once)));
    const features = apply(layers.globalAveragePooling2d({}), twice);
    return tfl.model({
      inputs: input,
      outputs: apply(layers.dense({ units: 3, activation: 'softmax' }), features),
    });
  },
  'a model inside a model': () => {
    const inner = tfl.sequential({
      layers: [
        layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1], name: 'innerConv' }),
        layers.batchNormalization({ name: 'innerNorm' }),
        layers.leakyReLU(),
      ],
    });
    const input = tfl.input({ shape: [6, 6, 1] });
    const features = apply(layers.flatten(), apply(inner, input));
    return tfl.model({ inputs: input, outputs: apply(layers.dense({ units: 3 }), features) });
  },
  'a Sequential with a depthwise convolution': () =>
    tfl.sequential({
      layers: [
        layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, inputShape: [6, 6, 2] }),
        layers.activation({ activation: 'tanh' }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 3 }),
      ],
    }),
  'a flat input': () =>
    tfl.sequential({
      layers: [
        layers.dense({ units: 5, inputShape: [7] }),
        layers.batchNormalization(),
        layers.dense({ units: 3 }),
      ],
    }),
};

function inputOf(model: tfl.LayersModel, size: number): Float32Array {
  return noise(size * tf.util.sizeFromShape(model.inputs[0].shape.slice(1) as number[]), 77);
}

test.each(Object.entries(models))('gradients are those of stock TensorFlow.js: %s', async (_, build) => {
  const model = seed(build());
  const images = inputOf(model, 4);
  const labels = [0, 2, 1, 1];
  const executor = await createEagerExecutor(model);
  const before = await executor.readWeights();

  // Stock BatchNormalization moves its statistics as well, so the reference goes first and is undone.
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(() => {
    const x = tf.tensor(images, [4, ...(model.inputs[0].shape.slice(1) as number[])]);
    const outputs = model.apply(x, { training: true }) as tf.Tensor;
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot(labels, 3), tf.logSoftmax(outputs)), 1)));
  }, variables);
  await executor.writeWeights(before);

  const { loss } = await executor.trainStep(images, 4, crossEntropy(labels, 3));
  expect(Math.abs(loss - value.dataSync()[0])).toBeLessThan(1e-6);
  expect(executor.parameters).toHaveLength(variables.length);
  for (const { name, gradient } of executor.parameters) {
    const weight = model.trainableWeights.find(({ originalName }) => originalName === name)!;
    expectClose(gradient, grads[weight.name].dataSync(), name);
  }
});

test('BatchNorm over channels that come first is BatchNorm over channels that come last', async () => {
  // Stock TensorFlow.js cannot differentiate the former, so the model is put into words that it knows.
  const build = (norm: tfl.layers.Layer[]) =>
    seed(
      tfl.sequential({
        layers: [
          layers.inputLayer({ inputShape: [2, 5, 4] }),
          ...norm,
          layers.flatten(),
          layers.dense({ units: 3 }),
        ],
      }),
    );
  const pair = [
    build([layers.batchNormalization({ axis: 1 })]),
    build([
      layers.permute({ dims: [2, 3, 1] }),
      layers.batchNormalization(),
      layers.permute({ dims: [3, 1, 2] }),
    ]),
  ];
  const [first, last] = await Promise.all(pair.map((model) => createEagerExecutor(model)));
  const images = noise(4 * 40, 5);
  const losses = [];
  for (const executor of [first, last])
    losses.push((await executor.trainStep(images, 4, crossEntropy([0, 1, 2, 0], 3))).loss);
  expect(losses[0]).toBeCloseTo(losses[1], 6);
  first.parameters.forEach(({ gradient, name }, i) => {
    expectClose(gradient, last.parameters[i].gradient, name);
  });
});

test('gradients are the differences of the loss', async () => {
  const model = convNet({
    channels: [2, 3],
    poolAfter: [1],
    inputShape: [6, 6, 1],
    classes: 3,
    generator: new Generator(5),
  });
  const images = inputOf(model, 3);
  const target = crossEntropy([2, 0, 1], 3, 0.1);
  const executor = await createEagerExecutor(model);
  const step = async () => {
    // The same masks each time.
    executor.drawMasks(3, new Generator(11));
    return (await executor.trainStep(images, 3, target)).loss;
  };
  await step();
  const gradients = executor.parameters.map(({ gradient }) => gradient.slice());
  for (const [p, { name, value }] of executor.parameters.entries()) {
    const i = Math.floor(value.length / 2);
    const original = value[i];
    const losses: number[] = [];
    for (const change of [0.01, -0.01]) {
      value[i] = original + change;
      await executor.parametersChanged();
      losses.push(await step());
    }
    value[i] = original;
    expect(Math.abs((losses[0] - losses[1]) / 0.02 - gradients[p][i]), name).toBeLessThan(1e-3);
  }
});

test('a loss that is a function gives the gradients of the same loss as soft targets', async () => {
  const build = () =>
    convNet({
      channels: [2],
      inputShape: [4, 4, 1],
      classes: 3,
      dropout: 0,
      fcDropout: 0,
      generator: new Generator(1),
    });
  const images = noise(2 * 16, 3);
  const run = async (target: Parameters<Executor['trainStep']>[2]) => {
    const executor = await createEagerExecutor(build());
    const { loss, outputs } = await executor.trainStep(images, 2, target);
    return { loss, outputs, gradients: executor.parameters.map(({ gradient }) => gradient) };
  };
  const soft = await run(crossEntropy([1, 2], 3));
  const asFunction = await run({
    kind: 'function',
    loss: (outputs) => tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot([1, 2], 3), outputs), 1))),
  });
  expect(asFunction.loss).toBeCloseTo(soft.loss, 6);
  expect(asFunction.outputs).toEqual(soft.outputs);
  asFunction.gradients.forEach((gradient, i) => {
    expectClose(gradient, soft.gradients[i], String(i));
  });
});

test('frozen layers have no parameters and the others keep their gradients', async () => {
  const build = () => seed(models['a chain with BatchNorm']());
  const images = noise(2 * 128, 9);
  const whole = await createEagerExecutor(build());
  await whole.trainStep(images, 2, crossEntropy([0, 1], 3));
  const model = build();
  for (const name of ['conv1', 'bn1']) model.getLayer(name).trainable = false;
  const part = await createEagerExecutor(model);
  await part.trainStep(images, 2, crossEntropy([0, 1], 3));
  expect(part.parameters.map(({ name }) => name)).toEqual(whole.parameters.slice(4).map(({ name }) => name));
  part.parameters.forEach(({ gradient, name }, i) => {
    expectClose(gradient, whole.parameters[i + 4].gradient, name);
  });
});

test('penalties of regularizers are part of the loss and of the gradients', async () => {
  const model = tfl.sequential({
    layers: [
      layers.dense({
        units: 3,
        inputShape: [2],
        kernelRegularizer: tfl.regularizers.l2({ l2: 0.5 }),
        useBias: false,
      }),
    ],
  });
  seed(model);
  const executor = await createEagerExecutor(model);
  const { value, gradient } = executor.parameters[0];
  // Inputs of zero leave the penalty alone: 0.5 * sum(w^2), whose gradient is w.
  const { loss } = await executor.trainStep(new Float32Array(4), 2, crossEntropy([0, 1], 3));
  const penalty = value.reduce((sum, w) => sum + 0.5 * w * w, 0);
  expect(loss).toBeCloseTo(Math.log(3) + penalty, 5);
  expectClose(gradient, value, 'kernel');
});

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, name: string): void {
  expect(got.length, name).toBe(expected.length);
  let largest = 1e-3;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  for (let i = 0; i < got.length; i++)
    expect(Math.abs(got[i] - expected[i]), `${name}[${i}]`).toBeLessThan(1e-4 * largest);
}
