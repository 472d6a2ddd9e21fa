import { useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { CLASSES, compare } from './compare-executors.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const { layers } = tfl;
type Tensor = tfl.SymbolicTensor;
const flat = (x: Tensor) => layers.flatten().apply(x) as Tensor;
const conv = (x: Tensor, filters: number) =>
  layers.conv2d({ filters, kernelSize: 3, padding: 'same' }).apply(x) as Tensor;

function model(shape: [number, number, number], build: (x: Tensor) => Tensor): tfl.LayersModel {
  const input = tfl.input({ shape });
  const outputs = layers.dense({ units: CLASSES }).apply(build(input)) as Tensor;
  return tfl.model({ inputs: input, outputs });
}

describe('a layer that does nothing, beside another reader of what it reads', () => {
  test('dropout of rate 0, a batch norm behind it', async () => {
    const net = model([5, 5, 2], (x) => {
      const c = conv(x, 3);
      const kept = layers.dropout({ rate: 0 }).apply(c) as Tensor;
      const normed = layers.batchNormalization({}).apply(kept) as Tensor;
      return layers.concatenate().apply([flat(normed), flat(c)]) as Tensor;
    });
    await compare(net, 4);
  });

  test('a flatten of one pixel, an activation behind it', async () => {
    const net = model([4, 4, 2], (x) => {
      const pixel = layers.maxPooling2d({ poolSize: 4, strides: 4 }).apply(conv(x, 5)) as Tensor;
      const squashed = layers.activation({ activation: 'tanh' }).apply(flat(pixel)) as Tensor;
      return layers.concatenate().apply([squashed, flat(pixel)]) as Tensor;
    });
    await compare(net, 4);
  });

  test('a linear activation, a pool behind it', async () => {
    const net = model([4, 4, 2], (x) => {
      const c = conv(x, 3);
      const same = layers.activation({ activation: 'linear' }).apply(c) as Tensor;
      const pooled = layers.maxPooling2d({ poolSize: 2, strides: 2 }).apply(same) as Tensor;
      return layers.concatenate().apply([flat(pooled), flat(c)]) as Tensor;
    });
    await compare(net, 4);
  });
});

test.each(['conv2d', 'depthwiseConv2d'] as const)('%s with a kernel larger than its image', async (kind) => {
  const net = model([7, 6, 1], (x) => {
    const config = { filters: 2, depthMultiplier: 2, kernelSize: 25, padding: 'same' as const };
    return flat(layers[kind](config).apply(x) as Tensor);
  });
  await compare(net, 3);
});

test('a pool with windows larger than its image', async () => {
  const net = model([6, 7, 2], (x) =>
    flat(layers.maxPooling2d({ poolSize: 30, strides: 2, padding: 'same' }).apply(conv(x, 3)) as Tensor),
  );
  await compare(net, 3);
});

test('vectors of thousands of features are added and joined', async () => {
  const net = model([20, 20, 1], (x) => {
    const [a, b] = [flat(conv(x, 9)), flat(conv(x, 9))];
    const sum = layers.add().apply([a, b]) as Tensor;
    return layers.concatenate().apply([sum, a]) as Tensor;
  });
  expect(net.layers.at(-1)?.input).toMatchObject({ shape: [null, 7200] });
  await compare(net, 2);
});
