import { EngineError, Generator, ModelError } from '@mnist-kit/core';
import { createEagerExecutor, useBackend } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

const { layers } = tfl;

beforeEach(async () => {
  await useBackend('cpu');
});

/** `layer` and a Dense of two classes. */
function withHead(layer: tfl.layers.Layer, shape: number[]): tfl.LayersModel {
  const input = tfl.input({ shape });
  const features = layer.apply(input) as tfl.SymbolicTensor;
  const flat = features.shape.length > 2 ? layers.flatten().apply(features) : features;
  const outputs = layers.dense({ units: 2 }).apply(flat as tfl.SymbolicTensor);
  return tfl.model({ inputs: input, outputs: outputs as tfl.SymbolicTensor });
}

const recurrent = { units: 2, recurrentInitializer: 'glorotUniform' } as const;

test.each<[string, () => tfl.layers.Layer, number[], RegExp]>([
  ['a seed of Dropout', () => layers.dropout({ rate: 0.5, seed: 7 }), [4], /\(Dropout\): `seed`.*generator/],
  [
    'a seed of SpatialDropout1D',
    () => layers.spatialDropout1d({ rate: 0.5, seed: 7 }),
    [4, 2],
    /SpatialDropout1D\): `seed`/,
  ],
  [
    'dilation of a transposed convolution',
    () => layers.conv2dTranspose({ filters: 2, kernelSize: 3, dilationRate: 2 }),
    [4, 4, 1],
    /Conv2DTranspose\): `dilationRate`/,
  ],
  [
    'dilation of a depthwise convolution',
    () => layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 }),
    [4, 4, 1],
    /DepthwiseConv2D\): `dilationRate`/,
  ],
  [
    'channels first in Conv1D',
    () => layers.conv1d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' }),
    [2, 4],
    /Conv1D\): `dataFormat`/,
  ],
  [
    'causal padding',
    () => layers.conv1d({ filters: 2, kernelSize: 2, padding: 'causal' }),
    [4, 2],
    /Conv1D\): `padding` "causal"/,
  ],
  [
    'batch norm in a wrapper, whose statistics would be TensorFlow.js’s',
    () => layers.timeDistributed({ layer: layers.batchNormalization() }),
    [3, 2],
    /TimeDistributed\): the layer in it, ".*" \(BatchNormalization\)/,
  ],
  [
    'a dilated convolution in a wrapper',
    () => layers.timeDistributed({ layer: layers.conv2d({ filters: 1, kernelSize: 2, dilationRate: 2 }) }),
    [2, 4, 4, 1],
    /\(Conv2D\), cannot be run inside/,
  ],
])('what TensorFlow.js would ignore is refused by name: %s', async (_, make, shape, message) => {
  // Samples of up to three dimensions go in; more come of a Reshape.
  const model =
    shape.length < 4
      ? withHead(make(), shape)
      : tfl.sequential({
          layers: [
            layers.reshape({ targetShape: shape, inputShape: [tf.util.sizeFromShape(shape)] }),
            make(),
            layers.flatten(),
            layers.dense({ units: 2 }),
          ],
        });
  const error = await createEagerExecutor(model).catch((caught) => caught);
  expect(error).toBeInstanceOf(ModelError);
  expect(error.message).toMatch(message);
});

test('dropout hidden in a recurrent layer of a wrapper cannot train, because its masks are not drawn', async () => {
  const layer = layers.bidirectional({
    layer: layers.lstm({ ...recurrent, dropout: 0.5 }),
    mergeMode: 'concat',
  });
  const executor = await createEagerExecutor(withHead(layer, [3, 2]));
  await expect(executor.trainStep(new Float32Array(6), 1, crossEntropy([0], 2))).rejects.toThrow(
    'draws random numbers of its own',
  );
});

test('a layer that gives another shape than its model was built for is named', async () => {
  class Liar extends layers.Layer {
    static className = 'Liar';
    override computeOutputShape() {
      return [null, 3];
    }
    override call(inputs: tf.Tensor | tf.Tensor[]) {
      return inputs;
    }
  }
  const executor = await createEagerExecutor(withHead(new Liar({ name: 'liar' }), [4]));
  const prediction = executor.predict(new Float32Array(4), 1);
  await expect(prediction).rejects.toThrow(ModelError);
  await expect(prediction).rejects.toThrow('Layer "liar" (Liar) must give the shape');
});

test('what TensorFlow.js cannot differentiate is an EngineError that says so', async () => {
  const layer = layers.conv3d({ filters: 1, kernelSize: 2, dilationRate: 2 });
  const model = tfl.sequential({
    layers: [
      layers.reshape({ targetShape: [3, 3, 3, 1], inputShape: [27] }),
      layers.dense({ units: 1 }),
      layer,
      layers.flatten(),
      layers.dense({ units: 2 }),
    ],
  });
  const executor = await createEagerExecutor(model);
  const step = executor.trainStep(noise(54, 1), 2, crossEntropy([0, 1], 2));
  await expect(step).rejects.toThrow(EngineError);
  await expect(step).rejects.toThrow('cannot differentiate a layer of this model');
});

const l2 = () => tfl.regularizers.l2({ l2: 0.5 });
const sum = (executor: { parameters: readonly { name: string; value: Float32Array }[] }, names: RegExp) =>
  executor.parameters
    .filter(({ name }) => names.test(name))
    .reduce((total, { value }) => total + value.reduce((part, w) => part + 0.5 * w * w, 0), 0);

describe('every regularizer is in the loss, once', () => {
  const shared = layers.dense({ units: 4, kernelRegularizer: l2(), name: 'regular' });
  test.each<[string, () => tfl.LayersModel, RegExp]>([
    [
      'DepthwiseConv2D',
      () =>
        withHead(
          layers.depthwiseConv2d({ kernelSize: 2, depthwiseRegularizer: l2(), biasRegularizer: l2() }),
          [3, 3, 1],
        ),
      /depthwise/,
    ],
    [
      'SeparableConv2D',
      () =>
        withHead(
          layers.separableConv2d({
            filters: 2,
            kernelSize: 2,
            depthwiseRegularizer: l2(),
            pointwiseRegularizer: l2(),
          }),
          [3, 3, 1],
        ),
      /(depth|point)wise_kernel/,
    ],
    [
      'BatchNormalization',
      () => withHead(layers.batchNormalization({ gammaRegularizer: l2(), betaRegularizer: l2() }), [4]),
      /(gamma|beta)/,
    ],
    [
      'PReLU',
      () => withHead(layers.prelu({ alphaRegularizer: l2(), alphaInitializer: 'ones' }), [4]),
      /alpha/,
    ],
    [
      'the cells of a recurrent layer',
      () =>
        withHead(layers.gru({ ...recurrent, kernelRegularizer: l2(), recurrentRegularizer: l2() }), [3, 2]),
      /gru.*kernel/,
    ],
    [
      'both directions of a recurrent layer',
      () =>
        withHead(
          layers.bidirectional({
            layer: layers.lstm({ ...recurrent, kernelRegularizer: l2() }),
            mergeMode: 'sum',
          }),
          [3, 2],
        ),
      /lstm.*\/kernel/,
    ],
    [
      'a wrapped layer',
      () =>
        withHead(
          layers.timeDistributed({
            layer: layers.dense({ units: 2, kernelRegularizer: l2() }),
            name: 'wrapped',
          }),
          [3, 2],
        ),
      /wrapped\/kernel/,
    ],
    [
      'a layer that is called twice',
      () => {
        const input = tfl.input({ shape: [4] });
        const twice = shared.apply(shared.apply(input)) as tfl.SymbolicTensor;
        return tfl.model({
          inputs: input,
          outputs: layers.dense({ units: 2 }).apply(twice) as tfl.SymbolicTensor,
        });
      },
      /regular\/kernel/,
    ],
    [
      'a layer in a model in a model',
      () => {
        const inner = tfl.sequential({
          layers: [layers.dense({ units: 4, inputShape: [4], kernelRegularizer: l2(), name: 'deep' })],
        });
        return withHead(tfl.sequential({ layers: [inner] }), [4]);
      },
      /deep\/kernel/,
    ],
  ])('%s', async (_, build, names) => {
    const model = build();
    const executor = await createEagerExecutor(model);
    // Weights of our own: an initialiser may draw ones so small that a missing penalty would not be seen.
    for (const { value } of executor.parameters) value.set(noise(value.length, 5));
    await executor.parametersChanged();
    const images = noise(4 * tf.util.sizeFromShape(model.inputs[0].shape.slice(1) as number[]), 3);
    const flat: Parameters<typeof executor.trainStep>[2] = {
      kind: 'function',
      loss: (outputs) => tf.mul(tf.sum(outputs), 0) as tf.Scalar,
    };
    const { loss } = await executor.trainStep(images, 4, flat);
    expect(sum(executor, names)).toBeGreaterThan(0.1);
    expect(loss).toBeCloseTo(sum(executor, names), 4);
    for (const { name, value, gradient } of executor.parameters)
      if (names.test(name))
        value.forEach((w, i) => {
          expect(gradient[i]).toBeCloseTo(w, 4);
        });
  });
});

test('the constraint of a depthwise kernel holds, although its configuration names another', async () => {
  const layer = layers.depthwiseConv2d({ kernelSize: 2, depthwiseConstraint: tfl.constraints.nonNeg() });
  const executor = await createEagerExecutor(withHead(layer, [3, 3, 1]));
  const [kernel] = executor.parameters;
  kernel.value.set([-1, 2, -3, 4]);
  await executor.parametersChanged();
  expect([...kernel.value].map(Math.abs)).toEqual([0, 2, 0, 4]);
});

test('convolutions on wasm are those on cpu, whatever their strides and padding', async () => {
  const shapes = fc.record({
    side: fc.tuple(fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 9 })),
    kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    activation: fc.constantFrom('linear' as const, 'relu' as const),
    depthwise: fc.boolean(),
    generator: fc.nat(1000),
  });
  await fc.assert(
    fc.asyncProperty(shapes, async ({ side, depthwise, generator, ...options }) => {
      const layer = depthwise ? layers.depthwiseConv2d(options) : layers.conv2d({ filters: 3, ...options });
      const model = withHead(layer, [...side, 2]);
      const executor = await createEagerExecutor(model);
      const images = new Generator(generator).uniform(2 * side[0] * side[1] * 2, -1, 1);
      const results: number[][] = [];
      for (const backend of ['cpu', 'wasm']) {
        await useBackend(backend);
        const { outputs } = await executor.trainStep(images, 2, crossEntropy([0, 1], 2));
        const predictions = await executor.predict(images, 2);
        results.push([
          ...outputs,
          ...predictions,
          ...executor.parameters.flatMap(({ gradient }) => [...gradient]),
        ]);
      }
      const off = results[0].map((value, i) => Math.abs(value - results[1][i]) / (1 + Math.abs(value)));
      expect(Math.max(...off)).toBeLessThan(1e-5);
      model.dispose();
    }),
    { numRuns: 60 },
  );
});

test.each(
  ['cpu', 'wasm'].flatMap((backend) =>
    [1, 2, -3, -1].flatMap((axis) => [true, false].map((affine) => [backend, axis, affine] as const)),
  ),
)(
  'inference on %s: batch norm over axis %i takes the statistics of that axis, affine %s',
  async (backend, axis, affine) => {
    // Three sides that differ: TensorFlow.js's kernels take every statistic as one of the last axis.
    const shape = [2, 3, 5];
    const layer = layers.batchNormalization({ axis, scale: affine, center: affine, epsilon: 0.1 });
    const input = tfl.input({ shape });
    const normal = layer.apply(input) as tfl.SymbolicTensor;
    const model = tfl.model({
      inputs: input,
      outputs: layers.flatten().apply(normal) as tfl.SymbolicTensor,
    });
    const generator = new Generator(1);
    const at = axis < 0 ? axis + 3 : axis - 1;
    const channels = shape[at];
    const [gamma, beta, mean, variance] = [0, 1, 2, 3].map(() => generator.uniform(channels, 0.5, 2));
    layer.setWeights(
      (affine ? [gamma, beta, mean, variance] : [mean, variance]).map((one) => tf.tensor1d(one)),
    );
    const executor = await createEagerExecutor(model, { backend });
    const images = generator.uniform(2 * 30, -1, 1);
    const outputs = await executor.predict(images, 2);
    const after = shape.slice(at + 1).reduce((size, side) => size * side, 1);
    const expected = Array.from(images, (value, i) => {
      const channel = Math.floor(i / after) % channels;
      const standard = (value - mean[channel]) / Math.sqrt(variance[channel] + 0.1);
      return affine ? standard * gamma[channel] + beta[channel] : standard;
    });
    for (const [i, value] of expected.entries()) expect(outputs[i]).toBeCloseTo(value, 5);
  },
);

test('outside of a run TensorFlow.js is as it was', async () => {
  await useBackend('wasm');
  const kernels = () =>
    ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'Conv3DBackpropFilterV2'].map(
      (name) => tf.getKernel(name, 'wasm').kernelFunc,
    );
  const gradients = () => ['AvgPool', 'Max', 'Maximum', 'Greater'].map((name) => tf.getGradient(name));
  const before = [kernels(), gradients()];
  const executor = await createEagerExecutor(withHead(layers.globalMaxPooling2d({}), [4, 4, 2]));
  await executor.trainStep(noise(64, 1), 2, crossEntropy([0, 1], 2));
  const failing = () => {
    throw new RangeError('a loss of the user');
  };
  await expect(executor.trainStep(noise(64, 1), 2, { kind: 'function', loss: failing })).rejects.toThrow(
    'a loss of the user',
  );
  await executor.predict(noise(64, 1), 2);
  expect([kernels(), gradients()]).toEqual(before);
});

test.each(['cpu', 'wasm'])(
  'the slope of an L1 penalty at 0 is 0, as in PyTorch, and nowhere else, on %s',
  async (backend) => {
    const layer = layers.dense({ units: 2, kernelRegularizer: tfl.regularizers.l1({ l1: 0.5 }) });
    const executor = await createEagerExecutor(withHead(layer, [3]), { backend });
    const [kernel] = executor.parameters;
    kernel.value.set([0, 1, -1, 8e-8, -8e-8, 0]);
    await executor.parametersChanged();
    await executor.trainStep(new Float32Array(6), 2, crossEntropy([0, 1], 2));
    expect([...kernel.gradient].map((value) => value + 0)).toEqual([0, 0.5, -0.5, 0.5, -0.5, 0]);
  },
);
