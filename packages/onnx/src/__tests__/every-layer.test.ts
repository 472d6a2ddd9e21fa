import { ModelError } from '@mnist-kit/core';
import { describedClasses } from '@mnist-kit/layers';
import { fromOnnx, toOnnx } from '@mnist-kit/onnx';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';

const { layers } = tfl;
const window = { kernelSize: [3, 2] as [number, number], strides: [2, 1] as [number, number] };

/** Every layer that is described, with the options that change what it computes. */
const samples: Record<string, (tfl.layers.Layer | 'two inputs')[]> = {
  InputLayer: [layers.leakyReLU()],
  Conv2D: [
    layers.conv2d({ ...window, filters: 3 }),
    layers.conv2d({ ...window, filters: 3, padding: 'same', useBias: false, activation: 'tanh' }),
    layers.conv2d({ kernelSize: 3, filters: 3, dilationRate: 2, padding: 'same' }),
  ],
  DepthwiseConv2D: [
    layers.depthwiseConv2d({ ...window, depthMultiplier: 2 }),
    layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, activation: 'relu' }),
  ],
  Dense: [layers.dense({ units: 4 }), layers.dense({ units: 4, useBias: false, activation: 'elu' })],
  BatchNormalization: [
    layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
    layers.batchNormalization({ scale: false }),
    layers.batchNormalization({ center: false }),
  ],
  LayerNormalization: [
    layers.layerNormalization(),
    layers.layerNormalization({ axis: [1, 2, 3], center: false }),
  ],
  Activation: [
    ...[
      'linear',
      'relu',
      'relu6',
      'elu',
      'selu',
      'sigmoid',
      'tanh',
      'softplus',
      'softsign',
      'hardSigmoid',
      'swish',
    ],
    ...['mish', 'gelu', 'softmax', 'logSoftmax'],
  ].map((activation) => layers.activation({ activation: activation as 'relu' })),
  ReLU: [layers.reLU(), layers.reLU({ maxValue: 0.5 }), layers.reLU({ maxValue: 6 })],
  LeakyReLU: [layers.leakyReLU(), layers.leakyReLU({ alpha: 0.01 })],
  ELU: [layers.elu()],
  Softmax: [layers.softmax({ axis: -1 })],
  Dropout: [layers.dropout({ rate: 0.5 })],
  MaxPooling2D: [
    layers.maxPooling2d({ poolSize: [2, 3], strides: [1, 2] }),
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  ],
  AveragePooling2D: [
    layers.averagePooling2d({ poolSize: [2, 3], strides: [1, 2] }),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  ],
  GlobalMaxPooling2D: [layers.globalMaxPooling2d({})],
  GlobalAveragePooling2D: [layers.globalAveragePooling2d({})],
  Flatten: [layers.flatten()],
  Add: ['two inputs'],
  Concatenate: ['two inputs'],
};

const join: Record<string, () => tfl.layers.Layer[]> = {
  Add: () => [layers.add()],
  Concatenate: () => [layers.concatenate(), layers.concatenate({ axis: 1 }), layers.concatenate({ axis: 2 })],
};

test('there is a sample of every layer that is described', () => {
  expect(Object.keys(samples).toSorted()).toEqual([...describedClasses].toSorted());
});

function build(layer: tfl.layers.Layer): tfl.LayersModel {
  const input = tfl.input({ shape: [6, 5, 2] });
  const joins = ['Add', 'Concatenate'].includes(layer.getClassName());
  const other = joins ? [input, layers.leakyReLU().apply(input) as tfl.SymbolicTensor] : input;
  const model = tfl.model({ inputs: input, outputs: layer.apply(other) as tfl.SymbolicTensor });
  tf.tidy(() => {
    for (const [i, weight] of model.weights.entries())
      weight.write(tf.randomUniform(weight.shape as number[], 0.5, 1.5, 'float32', i));
  });
  return model;
}

const cases = Object.entries(samples).flatMap(([name, found]) =>
  found.flatMap((one) => (one === 'two inputs' ? join[name]() : [one])).map((layer) => ({ name, layer })),
);

test.each(cases)('$name, written and read again, computes the same', ({ layer }) => {
  const model = build(layer);
  const back = fromOnnx(toOnnx(model));
  tf.tidy(() => {
    const images = tf.randomNormal([2, 6, 5, 2], 0, 2, 'float32', 7);
    const [before, after] = [model, back].map((one) => one.predict(images) as tf.Tensor);
    expect(after.shape).toEqual(before.shape);
    expect(after.dataSync()).toEqual(before.dataSync());
  });
  const parameters = (one: tfl.LayersModel) => one.countParams();
  expect(parameters(back)).toBe(parameters(model));
});

class Doubled extends layers.Layer {
  static className = 'Doubled';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, 2);
  }
}

test.each([
  [
    'a layer of the user’s own',
    () => new Doubled({ name: 'own' }),
    /Layer "own" \(Doubled\).*not a layer that is described/,
  ],
  ['another stock layer', () => layers.zeroPadding2d({ name: 'pad' }), /Layer "pad" \(ZeroPadding2D\)/],
  [
    'an activation without an operator',
    () => layers.activation({ activation: 'gelu_new' as 'relu', name: 'act' }),
    /"act".*activation="gelu_new"/,
  ],
  [
    'a norm of other axes than the last',
    () => layers.layerNormalization({ axis: [1], name: 'norm' }),
    /"norm".*axis=\[1\]/,
  ],
  [
    'a batch norm of another axis than the last',
    () => layers.batchNormalization({ axis: 1, name: 'bn' }),
    /"bn".*axis=1/,
  ],
])('%s is refused by name', (_, make, message) => {
  const model = build(make() as tfl.layers.Layer);
  expect(() => toOnnx(model)).toThrow(ModelError);
  expect(() => toOnnx(model)).toThrow(message);
});
