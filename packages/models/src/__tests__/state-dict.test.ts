import { CheckpointError, Generator, ModelError, type TensorDict } from '@mnist-kit/core';
import {
  convNet,
  fromTorchNames,
  loadStateDict,
  optimizedNet,
  readSafetensors,
  stateDict,
  toTorchNames,
} from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstImages, fixture, golden, nets } from './golden.js';

const small = (seed = 0) =>
  convNet({ channels: [3, 2], inputShape: [4, 4, 2], classes: 3, generator: new Generator(seed) });

test.each(nets)('%s loads a state dict of PyTorch and gives its log-probabilities', (name, build) => {
  const model = build({ generator: new Generator(99) });
  loadStateDict(model, readSafetensors(fixture(`${name}.init.safetensors`)));
  const images = tf.tensor4d(firstImages(2), [2, 28, 28, 1]);
  const got = (model.predict(images) as tf.Tensor).dataSync();
  const expected = golden[name].eval_logprobs_first4.slice(0, 2).flat();
  for (let i = 0; i < 20; i++) expect(Math.abs(got[i] - expected[i])).toBeLessThan(1e-5);
});

test('a state dict comes back unchanged, its batch counts too', () => {
  const dict = stateDict(small(1));
  dict['bn1.num_batches_tracked'].data[0] = 391;
  const model = small(2);
  expect(loadStateDict(model, dict)).toEqual({ missingKeys: [], unexpectedKeys: [] });
  expect(stateDict(model)).toEqual(dict);
  expect(stateDict(small(1))['bn1.num_batches_tracked'].data[0]).toBe(0);
});

test('a convolution weight is out x in x height x width, a linear one out x in', () => {
  const model = small();
  const dict = stateDict(model);
  expect(dict['conv1.weight'].shape).toEqual([3, 2, 3, 3]);
  expect(dict['fc.weight'].shape).toEqual([3, 2]);
  const kernel = model.getLayer('conv1').getWeights()[0].arraySync() as number[][][][];
  expect(dict['conv1.weight'].data[((2 * 2 + 1) * 3 + 0) * 3 + 2]).toBe(kernel[0][2][1][2]);
});

test('renaming there and back gives the same weights, for any values and any part of them', () => {
  const model = small();
  const whole: TensorDict = Object.fromEntries(
    model.weights.map((weight) => [
      weight.originalName,
      {
        shape: weight.shape as number[],
        data: new Float32Array(tf.util.sizeFromShape(weight.shape as number[])),
      },
    ]),
  );
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true }), { minLength: 200, maxLength: 200 }),
      fc.subarray(Object.keys(whole)),
      (values, names) => {
        const part: TensorDict = Object.fromEntries(
          names.map((name) => [
            name,
            { shape: whole[name].shape, data: whole[name].data.map((_, i) => values[i % 200] + i) },
          ]),
        );
        const back = fromTorchNames(model, toTorchNames(model, part));
        expect(back).toEqual(part);
      },
    ),
    { numRuns: 50 },
  );
});

test('a linear layer behind a Flatten sees its inputs channels first', () => {
  const input = tfl.input({ shape: [2, 3, 2] });
  const flat = tfl.layers.flatten().apply(input);
  const output = tfl.layers.dense({ units: 1, name: 'fc' }).apply(flat) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: input, outputs: output });
  // The k-th weight in PyTorch belongs to (channel, y, x), counted in that order.
  const torch = Float32Array.from({ length: 12 }, (_, k) => k);
  const weights = fromTorchNames(model, { 'fc.weight': { shape: [1, 12], data: torch } });
  const image = (c: number, y: number, x: number) => (y * 3 + x) * 2 + c;
  for (let c = 0; c < 2; c++)
    for (let y = 0; y < 2; y++)
      for (let x = 0; x < 3; x++) expect(weights['fc/kernel'].data[image(c, y, x)]).toBe((c * 2 + y) * 3 + x);
  expect(toTorchNames(model, weights)['fc.weight'].data).toEqual(torch);
});

test("a depthwise convolution has PyTorch's grouped weight", () => {
  const input = tfl.input({ shape: [4, 4, 2] });
  const layer = tfl.layers.depthwiseConv2d({ kernelSize: [1, 2], depthMultiplier: 3, name: 'dw' });
  const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor });
  // TensorFlow.js: height x width x in x multiplier, so output channel i * 3 + m reads input channel i.
  const kernel = Float32Array.from({ length: 12 }, (_, k) => k);
  const { 'dw.weight': torch } = toTorchNames(model, {
    'dw/depthwise_kernel': { shape: [1, 2, 2, 3], data: kernel },
  });
  expect(torch.shape).toEqual([6, 1, 1, 2]);
  expect([...torch.data]).toEqual([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
});

test('what does not fit is named and leaves the model as it was', () => {
  const model = small(1);
  const before = stateDict(model);
  const { 'fc.bias': bias, ...rest } = stateDict(small(2));
  expect(() => loadStateDict(model, rest)).toThrow(/Missing: fc\.bias\./);
  expect(() => loadStateDict(model, { ...rest, 'fc.bias': bias, head: bias })).toThrow(/Unexpected: head\./);
  const wrong = { ...rest, 'fc.bias': { shape: [2], data: new Float32Array(2) } };
  expect(() => loadStateDict(model, wrong)).toThrow(
    new CheckpointError('Tensor "fc.bias" must have the shape [3] that the model has. Received: [2]'),
  );
  expect(() => loadStateDict(model, wrong, { strict: false })).toThrow(CheckpointError);
  expect(() => toTorchNames(model, { 'fc/scale': bias })).toThrow('no tensor named fc/scale');
  expect(stateDict(model)).toEqual(before);
});

test('without strict what fits is loaded and the rest is reported', () => {
  const model = small(1);
  const { 'fc.bias': bias, ...rest } = stateDict(small(2));
  const result = loadStateDict(model, { ...rest, head: bias }, { strict: false });
  expect(result).toEqual({ missingKeys: ['fc.bias'], unexpectedKeys: ['head'] });
  expect(stateDict(model)['conv1.weight']).toEqual(rest['conv1.weight']);
  expect(stateDict(model)['fc.bias']).toEqual(stateDict(small(1))['fc.bias']);
});

test('a layer without a counterpart in PyTorch is named', () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.simpleRNN({ units: 2, inputShape: [3, 1], recurrentInitializer: 'zeros', name: 'rnn' }),
    ],
  });
  expect(() => stateDict(model)).toThrow(ModelError);
  expect(() => stateDict(model)).toThrow('Layer "rnn" (SimpleRNN)');
});

test('reading and loading state dicts leaves no tensor over', () => {
  const model = optimizedNet();
  const before = tf.memory().numTensors;
  loadStateDict(model, stateDict(model));
  expect(tf.memory().numTensors).toBe(before);
});
