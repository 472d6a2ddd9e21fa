import { readFileSync } from 'node:fs';
import { parameterBreakdown, skipGreeting, stateDict } from '@mnist-kit/models';
import { fromOnnx, toOnnx, UnsupportedOnnxError } from '@mnist-kit/onnx';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';

const file = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const golden: Record<string, number[]> = JSON.parse(file('torch.json').toString());

skipGreeting();

/** The images of make_onnx_files.py, channels last. */
const images = tf.transpose(
  tf.tensor(
    Float32Array.from({ length: 540 }, (_, i) => ((37 * i) % 101) / 50 - 1),
    [3, 2, 10, 9],
  ),
  [0, 2, 3, 1],
);

function outputs(model: tfl.LayersModel): Float32Array {
  return tf.tidy(() => (model.predict(images) as tf.Tensor).dataSync().slice() as Float32Array);
}

test.each(Object.keys(golden))('%s, as PyTorch exports it, gives what it gives in PyTorch', (name) => {
  const model = fromOnnx(file(`${name}.onnx`));
  const given = outputs(model);
  expect(given).toHaveLength(golden[name].length);
  for (const [i, expected] of golden[name].entries())
    expect(Math.abs(given[i] - expected)).toBeLessThan(2e-6);
  model.dispose();
});

test('layers have the names of PyTorch’s modules, so that a state dict has its names', () => {
  const model = fromOnnx(file('torch-residual-16.onnx'));
  expect(Object.keys(stateDict(model)).toSorted()).toEqual(
    ['a.weight', 'a.bias', 'b.weight', 'b.bias', 'head.2.weight', 'head.2.bias'].toSorted(),
  );
  const notebook = fromOnnx(file('torch-notebook-17.onnx'));
  expect(notebook.layers.map(({ name }) => name)).toEqual([
    'image',
    '0',
    '2',
    '4',
    '5',
    '7',
    '8.0',
    '8.2',
    '8.3',
  ]);
});

test('a norm without parameters in PyTorch has none here', () => {
  const model = fromOnnx(file('torch-affineless-17.onnx'));
  // Of the convolution, the layer norm and the linear layer.
  expect(parameterBreakdown(model).total).toBe(2 * 9 * 4 + 4 + 2 * 224 + 224 * 5 + 5);
});

test.each(['torch-notebook-17', 'torch-view-14', 'torch-residual-16', 'torch-activations-17'])(
  '%s is written again as a file that gives the same',
  (name) => {
    const model = fromOnnx(file(`${name}.onnx`));
    const again = fromOnnx(toOnnx(model));
    expect(outputs(again)).toEqual(outputs(model));
  },
);

test.each([
  ['hardswish', { operator: 'HardSwish', node: '/1/HardSwish' }, /no layer of TensorFlow.js/],
  ['hardsigmoid', { operator: 'HardSigmoid', attribute: 'alpha' }, /must be 0.2.*Received: alpha=0.16666667/],
  ['grouped', { operator: 'Conv', attribute: 'group' }, /must be 1, or 4.*Received: group=2/],
  ['max-padded', { operator: 'MaxPool', attribute: 'pads' }, /`same` or none.*Received: pads=\[1, 1, 1, 1\]/],
  ['prelu', { operator: 'PRelu' }, /no layer of TensorFlow.js/],
  ['upsampled', { operator: 'Resize' }, /no layer of TensorFlow.js/],
  ['features', { operator: undefined }, /channel by channel/],
  ['product', { operator: 'Mul', node: '/Mul' }, /no layer of TensorFlow.js/],
  ['squeezed', { operator: 'Squeeze' }, /must take away axes of length 1 that a global pool left/],
  ['clamped', { operator: 'Clip' }, /must clip from 0.*min=-1, max=1/],
  ['scaled', { operator: 'Mul' }, /no layer of TensorFlow.js/],
])('what no layer does is refused by operator, node and attribute: %s', (name, fields, message) => {
  const before = tf.memory().numTensors;
  let error: unknown;
  try {
    fromOnnx(file(`refused-${name}.onnx`));
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(UnsupportedOnnxError);
  expect(error).toMatchObject(fields);
  expect((error as Error).message).toMatch(message);
  expect(tf.memory().numTensors).toBe(before);
});
