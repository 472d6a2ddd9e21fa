import { useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, test } from 'vitest';
import { CLASSES, compare } from './compare-executors.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const { layers } = tfl;
type Tensor = tfl.SymbolicTensor;
type Layer = (x: Tensor) => Tensor;

const apply =
  (layer: tfl.layers.Layer): Layer =>
  (x) =>
    layer.apply(x) as Tensor;
const conv = (filters: number, kernelSize: number | [number, number], more: object = {}): Layer =>
  apply(layers.conv2d({ filters, kernelSize, padding: 'same', ...more }));
const depthwise = (kernelSize: number | [number, number], more: object = {}): Layer =>
  apply(layers.depthwiseConv2d({ kernelSize, padding: 'same', useBias: false, ...more }));
const average = (poolSize: number | [number, number], more: object = {}): Layer =>
  apply(layers.averagePooling2d({ poolSize, strides: 1, ...more }));
const highest = (poolSize: number | [number, number], more: object = {}): Layer =>
  apply(layers.maxPooling2d({ poolSize, strides: 1, ...more }));
const bare = { useBias: false };

/** Layers one behind the other between a first convolution and the outputs, on images of 9 x 8. */
function chain(channels: number, ...middle: Layer[]): tfl.LayersModel {
  const input = tfl.input({ shape: [9, 8, 1] });
  const first = conv(channels, 1, { activation: 'tanh' })(input);
  const last = middle.reduce((x, layer) => layer(x), first);
  const outputs = apply(layers.dense({ units: CLASSES }))(apply(layers.flatten())(last));
  return tfl.model({ inputs: input, outputs });
}

// Nothing is done to a tensor between two of these layers, so one reads and writes it where the other left it.
test.each<[string, number, Layer[]]>([
  ['a separable convolution', 10, [depthwise(3), conv(12, 1, bare)]],
  ['a separable convolution of odd channels', 7, [depthwise(3, { padding: 'valid' }), conv(11, 1, bare)]],
  ['two depthwise convolutions', 12, [depthwise(3), depthwise([3, 2], { padding: 'valid' })]],
  ['an average and a convolution of rows', 5, [average(2), conv(6, [1, 3], bare)]],
  ['an average and a convolution of columns', 5, [average(2), conv(6, [3, 1], bare)]],
  ['averages and maxima', 9, [average(3, { padding: 'same' }), highest([2, 3]), average(2)]],
  ['1 x 1 convolutions', 20, [conv(30, 1, bare), conv(9, 1, bare)]],
])('%s: the results of TensorFlow.js', async (_, channels, middle) => {
  await compare(chain(channels, ...middle), 3);
});

// Some positions of the input lie in no window, and with a stride every other one in windows of other taps.
test.each<[string, number, Layer[]]>([
  ['5 x 5, stride 2', 5, [conv(6, 5, { strides: 2 })]],
  ['3 x 2, strides 2 and 3', 9, [conv(4, [3, 2], { strides: [2, 3], padding: 'valid' })]],
  ['1 x 1, stride 2', 6, [conv(5, 1, { strides: 2 })]],
  ['2 x 2, stride 3', 3, [conv(7, 2, { strides: 3, padding: 'valid' })]],
  ['depthwise 3 x 3, stride 2', 10, [depthwise(3, { strides: 2 })]],
  ['depthwise 2 x 2, stride 3', 5, [depthwise(2, { strides: 3, padding: 'valid' })]],
  [
    'depthwise 5 x 5, stride 2, three outputs a channel',
    4,
    [depthwise(5, { strides: 2, depthMultiplier: 3 })],
  ],
  ['depthwise 1 x 12', 6, [depthwise([1, 12])]],
])('%s: the results of TensorFlow.js', async (_, channels, middle) => {
  await compare(chain(channels, ...middle), 3);
});

test('what a separable convolution reads and makes has other readers as well', async () => {
  const input = tfl.input({ shape: [6, 6, 1] });
  const x = depthwise(3)(conv(6, 3)(input));
  const y = depthwise(3)(x);
  const joined = apply(layers.add())([x, y, conv(6, 1, bare)(y), conv(6, 1)(x)] as unknown as Tensor);
  const outputs = apply(layers.dense({ units: CLASSES }))(apply(layers.globalAveragePooling2d({}))(joined));
  await compare(tfl.model({ inputs: input, outputs }), 4);
});
