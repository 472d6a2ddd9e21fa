import { ModelError } from '@mnist-kit/core';
import { createEagerExecutor, createExecutor, createPlanExecutor, useBackend } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { CLASSES } from './compare-executors.js';

beforeAll(async () => {
  await useBackend('cpu');
});

type Symbol = tfl.SymbolicTensor;

function model(layer: tfl.layers.Layer, input = tfl.input({ shape: [4, 4, 2] })): tfl.LayersModel {
  const flat = tfl.layers.flatten().apply(layer.apply(input)) as Symbol;
  const outputs = tfl.layers.dense({ units: CLASSES, kernelInitializer: 'ones' }).apply(flat) as Symbol;
  return tfl.model({ inputs: input, outputs });
}

/** The first output of a model whose input is all ones. */
async function outputOn(net: tfl.LayersModel, make: typeof createExecutor): Promise<number> {
  const executor = await make(net, { threads: 1 });
  const [first] = await executor.predict(new Float32Array(32).fill(1), 1);
  await executor.dispose();
  return first;
}

/** Ten times what it is given, under the name of a layer that leaves it alone. */
class TenFold extends tfl.layers.Layer {
  static className = 'Activation';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, 10);
  }
  override getConfig() {
    return { ...super.getConfig(), activation: 'linear' };
  }
}

describe('a layer made of a stock one is not mistaken for it', () => {
  test('a class of its own under a name that the plan knows', async () => {
    await expect(createPlanExecutor(model(new TenFold()))).rejects.toThrow(
      "it is not TensorFlow.js's own Activation",
    );
    expect(await outputOn(model(new TenFold()), createExecutor)).toBe(320);
  });

  test('a stock layer whose `call` was replaced', async () => {
    const layer = tfl.layers.activation({ activation: 'linear' });
    layer.call = (inputs) => tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, 5);
    await expect(createPlanExecutor(model(layer))).rejects.toThrow(
      "it is not TensorFlow.js's own Activation",
    );
    expect(await outputOn(model(layer), createExecutor)).toBe(160);
  });

  test('a stock layer with a loss added to it', async () => {
    const layer = tfl.layers.conv2d({ filters: 2, kernelSize: 1 });
    const net = model(layer);
    layer.addLoss(() => tf.scalar(7) as unknown as tf.Scalar);
    await expect(createPlanExecutor(net)).rejects.toThrow('a loss that was added to it');
  });
});

describe('what TensorFlow.js itself would ignore is refused by every engine', () => {
  const everywhere = async (net: () => tfl.LayersModel, message: string) => {
    for (const make of [createPlanExecutor, createEagerExecutor, createExecutor]) {
      await expect(make(net())).rejects.toThrow(ModelError);
      await expect(make(net())).rejects.toThrow(message);
    }
  };

  test.each([
    ['Conv2D', () => tfl.layers.conv2d({ filters: 2, kernelSize: 1 })],
    ['DepthwiseConv2D', () => tfl.layers.depthwiseConv2d({ kernelSize: 1 })],
    ['Dense', () => tfl.layers.dense({ units: 2 })],
  ])('activityRegularizer of %s', async (name, make) => {
    const net = () => {
      const layer = make();
      const built = model(layer);
      // TensorFlow.js throws where it is given before the layer is applied, and passes over it afterwards.
      Object.assign(layer, { activityRegularizer: tfl.regularizers.l2({ l2: 1 }) });
      return built;
    };
    await everywhere(net, `(${name}): \`activityRegularizer\``);
  });

  test('integer and sparse inputs', async () => {
    const net = (config: object) => () =>
      model(tfl.layers.reLU(), tfl.input({ shape: [4, 4, 2], ...config }));
    await everywhere(net({ dtype: 'int32' }), '`dtype` must be float32');
    await everywhere(net({ sparse: true }), '`sparse`');
  });
});

test('the weights of a layer are known by what they are, whichever of them are frozen', async () => {
  const net = model(tfl.layers.conv2d({ filters: 2, kernelSize: 1, biasInitializer: 'ones', name: 'conv' }));
  const layer = net.getLayer('conv');
  const [kernel] = layer.trainableWeights;
  tf.tidy(() => void kernel.write(tf.fill([1, 1, 2, 2], 3)));
  // The layer lists its bias before its kernel from here on.
  kernel.trainable = false;
  expect(await outputOn(net, createPlanExecutor)).toBe(16 * 2 * 7);
  expect(await outputOn(net, createEagerExecutor)).toBe(16 * 2 * 7);
});
