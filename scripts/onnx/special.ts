import * as tfl from '@tensorflow/tfjs-layers';

type Tensor = tfl.SymbolicTensor;
const { layers } = tfl;

/** A model of images from what makes its outputs. */
function model(name: string, shape: number[], make: (x: Tensor) => Tensor): tfl.LayersModel {
  const input = tfl.input({ shape });
  return tfl.model({ inputs: input, outputs: make(input), name });
}

const apply = (layer: tfl.layers.Layer, ...inputs: Tensor[]): Tensor =>
  layer.apply(inputs.length === 1 ? inputs[0] : inputs) as Tensor;
const conv = (filters: number, options = {}) => layers.conv2d({ filters, kernelSize: 3, ...options });
const act = (activation: string) => layers.activation({ activation: activation as 'relu' });
const chain = (x: Tensor, ...all: tfl.layers.Layer[]): Tensor =>
  all.reduce((last, layer) => apply(layer, last), x);

/** Nets with what the random ones do not have, mostly ways in which features come to stand in another order. */
export const specialNets: Readonly<Record<string, () => tfl.LayersModel>> = {
  flattenedOutput: () => model('flattenedOutput', [5, 4, 2], (x) => chain(x, conv(3), layers.flatten())),
  imageOutput: () => model('imageOutput', [5, 4, 2], (x) => chain(x, conv(3), act('softmax'))),
  addedOrders: () =>
    model('addedOrders', [4, 3, 2], (x) => {
      const flat = chain(x, layers.flatten(), layers.leakyReLU());
      return chain(
        apply(layers.add(), flat, chain(x, layers.flatten(), layers.dense({ units: 24 }))),
        layers.dense({ units: 3 }),
      );
    }),
  joinedOrders: () =>
    model('joinedOrders', [4, 3, 2], (x) => {
      const flat = chain(x, layers.flatten());
      const pooled = chain(x, conv(4), layers.globalMaxPooling2d({}));
      const joined = apply(layers.concatenate(), pooled, flat, chain(x, conv(5), layers.flatten()));
      return chain(
        joined,
        layers.batchNormalization(),
        layers.layerNormalization(),
        layers.dense({ units: 3 }),
      );
    }),
  channelsFirst: () =>
    model('channelsFirst', [2, 6, 5], (x) => {
      const first = { dataFormat: 'channelsFirst' as const };
      const y = chain(x, conv(4, { ...first, padding: 'same' }), layers.leakyReLU());
      const pooled = apply(layers.maxPooling2d({ poolSize: 2, ...first }), y);
      return chain(pooled, layers.flatten(first), layers.dense({ units: 3 }));
    }),
  channelsFirstFlat: () =>
    model('channelsFirstFlat', [2, 4, 3], (x) =>
      chain(
        x,
        layers.averagePooling2d({ poolSize: [2, 1], dataFormat: 'channelsFirst' }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ),
    ),
  normedPixels: () =>
    model('normedPixels', [4, 5, 3], (x) =>
      chain(
        x,
        layers.layerNormalization(),
        conv(4),
        layers.layerNormalization({ axis: [1, 2, 3], scale: false }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 3 }),
      ),
    ),
  densePixels: () =>
    model('densePixels', [4, 5, 3], (x) =>
      chain(
        x,
        conv(4),
        layers.dense({ units: 6, activation: 'relu' }),
        conv(2, { kernelSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ),
    ),
  rows: () =>
    model('rows', [4, 5, 2], (x) => {
      const y = conv(2, { padding: 'same' });
      return chain(
        apply(layers.concatenate({ axis: 1 }), apply(y, x), x),
        conv(3),
        layers.flatten(),
        layers.dense({ units: 3 }),
      );
    }),
  activations: () =>
    model('activations', [4, 4, 2], (x) =>
      chain(
        x,
        ...[
          conv(4, { activation: 'swish', padding: 'same' }),
          act('gelu'),
          act('mish'),
          conv(4, { activation: 'relu6', padding: 'same' }),
        ],
        ...[
          act('selu'),
          act('softplus'),
          act('softsign'),
          act('hardSigmoid'),
          act('elu'),
          layers.reLU({ maxValue: 0.7 }),
        ],
        ...[
          conv(3, { activation: 'hardSigmoid' }),
          layers.flatten(),
          layers.dense({ units: 4, activation: 'selu' }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      ),
    ),
  shared: () =>
    model('shared', [6, 6, 3], (x) => {
      const layer = conv(3, { padding: 'same' });
      const norm = layers.batchNormalization();
      const twice = apply(norm, apply(layer, apply(norm, apply(layer, x))));
      return chain(
        apply(layers.add(), x, twice, apply(layer, x)),
        layers.globalMaxPooling2d({}),
        layers.dense({ units: 3, name: 'input' }),
      );
    }),
  oneChannel: () =>
    model('oneChannel', [6, 6, 1], (x) =>
      chain(
        x,
        layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 3 }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ),
    ),
  vectors: () =>
    model('vectors', [7], (x) =>
      chain(
        x,
        layers.dense({ units: 5, activation: 'tanh' }),
        layers.batchNormalization({ scale: false }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3, useBias: false }),
      ),
    ),
};
