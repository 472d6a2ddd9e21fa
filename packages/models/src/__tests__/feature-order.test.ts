import { Generator, ModelError, type TensorDict } from '@mnist-kit/core';
import { initialize, loadStateDict, stateDict } from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { fixture } from './golden.js';

type Tensors = Record<string, { shape: number[]; data: number[] }>;
interface Net {
  /** Right after `torch.manual_seed(7)` and construction. */
  init: Tensors;
  /** Other values for the batch norms. */
  bn: Tensors;
  /** Two images of 4 x 5 x 2, and the outputs that PyTorch 1.13 gives in eval mode. */
  images: number[];
  outputs: number[];
}
const golden = JSON.parse(new TextDecoder().decode(fixture('flattened.json'))) as Record<string, Net>;
const dict = (tensors: Tensors): TensorDict =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data) }]),
  );

type Symbol = tfl.SymbolicTensor;
const conv = (name: string, filters: number, kernelSize: number, more: object = {}) =>
  tfl.layers.conv2d({ name, filters, kernelSize, padding: 'same', ...more });
const bn = (name: string) => tfl.layers.batchNormalization({ name, epsilon: 1e-5, momentum: 0.9 });
const flat = (x: Symbol) => tfl.layers.flatten().apply(x) as Symbol;
const relu = (x: Symbol) => tfl.layers.reLU().apply(x) as Symbol;
const fc = (x: Symbol) => tfl.layers.dense({ name: 'fc', units: 4 }).apply(x) as Symbol;

const builders: Record<string, (x: Symbol) => Symbol> = {
  A: (x) => fc(relu(bn('bn').apply(flat(relu(conv('conv', 3, 3).apply(x) as Symbol))) as Symbol)),
  B: (x) => {
    const y = conv('conv', 3, 3, { activation: 'relu' }).apply(x) as Symbol;
    const mean = tfl.layers.globalAveragePooling2d({}).apply(y) as Symbol;
    return fc(tfl.layers.concatenate().apply([flat(y), mean]) as Symbol);
  },
  C: (x) => {
    const [a, b] = [conv('a', 3, 3).apply(x) as Symbol, conv('b', 3, 1).apply(x) as Symbol];
    return fc(bn('bn').apply(tfl.layers.add().apply([flat(a), flat(b)]) as Symbol) as Symbol);
  },
  D: (x) => {
    const a = conv('a', 3, 3).apply(x) as Symbol;
    const b = conv('b', 4, 2, { strides: 2, padding: 'valid' }).apply(x) as Symbol;
    const y = bn('bn').apply(tfl.layers.concatenate().apply([flat(b), flat(a)]) as Symbol);
    const hidden = tfl.layers.dense({ name: 'hidden', units: 5, activation: 'tanh' }).apply(y) as Symbol;
    return fc(tfl.layers.layerNormalization({ name: 'norm', epsilon: 1e-5 }).apply(hidden) as Symbol);
  },
};

function build(name: string): tfl.LayersModel {
  const input = tfl.input({ shape: [4, 5, 2] });
  return tfl.model({ inputs: input, outputs: builders[name](input) });
}

describe.each([
  ['Flatten, BatchNorm, Dense', 'A'],
  ['Concatenate of a Flatten and a pool, Dense', 'B'],
  ['Add of two Flattens, BatchNorm, Dense', 'C'],
  ['Concatenate of two Flattens, BatchNorm, Dense, LayerNorm, Dense', 'D'],
])('%s', (_, name) => {
  const { init, bn: norms, images, outputs } = golden[name];

  test("with PyTorch's state dict gives PyTorch's outputs", () => {
    const model = build(name);
    const state = dict({ ...init, ...norms });
    loadStateDict(model, state, { strict: false });
    const got = (model.predict(tf.tensor4d(images, [2, 4, 5, 2])) as tf.Tensor).dataSync();
    for (const [i, expected] of outputs.entries()) expect(Math.abs(got[i] - expected)).toBeLessThan(2e-6);
    const back = stateDict(model);
    for (const [key, tensor] of Object.entries(state)) expect(back[key]).toEqual(tensor);
  });

  test("initialised from a seed has PyTorch's weights of that seed", () => {
    const model = build(name);
    initialize(model, new Generator(7));
    const got = stateDict(model);
    for (const [key, tensor] of Object.entries(dict(init))) {
      expect(got[key].shape).toEqual(tensor.shape);
      for (const [i, value] of tensor.data.entries())
        expect(Math.abs(got[key].data[i] - value)).toBeLessThanOrEqual(1e-7 * Math.abs(value));
    }
  });
});

test('adding features that stand in different orders is refused: PyTorch would add other pairs', () => {
  const input = tfl.input({ shape: [4, 4, 2] });
  const wide = flat(conv('a', 2, 2, { strides: 2 }).apply(input) as Symbol);
  const deep = flat(conv('b', 8, 4, { strides: 4 }).apply(input) as Symbol);
  const sum = tfl.layers.add({ name: 'sum' }).apply([wide, deep]) as Symbol;
  const model = tfl.model({ inputs: input, outputs: fc(sum) });
  expect(() => stateDict(model)).toThrow(ModelError);
  expect(() => stateDict(model)).toThrow('Layer "sum" (Add)');
});

test('behind a layer that reorders values a linear layer is refused, a convolution without one is not', () => {
  const input = tfl.input({ shape: [4, 4, 2] });
  const y = conv('conv', 2, 3).apply(input) as Symbol;
  const turned = tfl.layers.permute({ name: 'turn', dims: [3, 1, 2] }).apply(y) as Symbol;
  const model = tfl.model({ inputs: input, outputs: fc(flat(turned)) });
  expect(() => stateDict(model)).toThrow(/Weight "fc\/kernel".*layer "turn" \(Permute\)/);
  const images = tfl.model({ inputs: input, outputs: tfl.layers.upSampling2d({}).apply(y) as Symbol });
  expect(Object.keys(stateDict(images))).toEqual(['conv.weight', 'conv.bias']);
});

test('a dense layer applied to features in two orders is refused', () => {
  const input = tfl.input({ shape: [4, 4, 2] });
  const shared = tfl.layers.dense({ name: 'shared', units: 32 });
  const first = shared.apply(flat(input)) as Symbol;
  const model = tfl.model({ inputs: input, outputs: shared.apply(first) as Symbol });
  expect(() => stateDict(model)).toThrow('features in different orders');
});

test('with channels-first layers features already stand as in PyTorch', () => {
  const input = tfl.input({ shape: [2, 4, 5] });
  const y = conv('conv', 3, 3, { dataFormat: 'channelsFirst' }).apply(input) as Symbol;
  const model = tfl.model({ inputs: input, outputs: fc(flat(y)) });
  const kernel = model.getLayer('fc').getWeights()[0];
  expect(stateDict(model)['fc.weight'].data).toEqual(tf.transpose(kernel).dataSync());
});

test('freezing one weight of a layer changes no name', () => {
  const model = build('A');
  const before = stateDict(model);
  model.getLayer('fc').trainableWeights[0].trainable = false;
  expect(stateDict(model)).toEqual(before);
});
