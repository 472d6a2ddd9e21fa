import { createExecutor, useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { CLASSES, compare } from './compare-executors.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const { layers } = tfl;
type Tensor = tfl.SymbolicTensor;

/** One step of a random model; steps that do not fit the tensor at hand are left out. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('conv' as const),
    filters: fc.integer({ min: 1, max: 9 }),
    kernelSize: fc.constantFrom(1, 3, 3),
  }),
  fc.record({
    kind: fc.constant('depthwise' as const),
    kernelSize: fc.constantFrom(2, 3),
    strides: fc.constantFrom(1, 2),
    depthMultiplier: fc.constantFrom(1, 2),
    useBias: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('norm' as const), scale: fc.boolean(), center: fc.boolean() }),
  fc.record({
    kind: fc.constant('activation' as const),
    name: fc.constantFrom('relu', 'leakyRelu', 'elu', 'gelu', 'sigmoid', 'tanh'),
  }),
  fc.record({ kind: fc.constant('dropout' as const), perChannel: fc.boolean() }),
  fc.record({
    kind: fc.constant('pool' as const),
    of: fc.constantFrom('max', 'average'),
    size: fc.constantFrom(2, 3),
    strides: fc.constantFrom(1, 2),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  }),
  fc.record({ kind: fc.constant('add' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('concatenate' as const), pick: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function layerFor(one: Step, x: Tensor): tfl.layers.Layer | undefined {
  const smallest = Math.min(x.shape[1] as number, x.shape[2] as number);
  switch (one.kind) {
    case 'conv':
      return layers.conv2d({ filters: one.filters, kernelSize: one.kernelSize, padding: 'same' });
    case 'depthwise':
      return layers.depthwiseConv2d({ ...one, padding: 'same' });
    case 'norm':
      return layers.batchNormalization({
        scale: one.scale,
        center: one.center,
        momentum: 0.9,
        epsilon: 1e-5,
      });
    case 'activation':
      if (one.name === 'leakyRelu') return layers.leakyReLU({ alpha: 0.1 });
      if (one.name === 'elu') return layers.elu();
      return layers.activation({ activation: one.name as 'relu' });
    case 'dropout':
      return layers.dropout({
        rate: 0.25,
        noiseShape: one.perChannel ? ([null, 1, 1, null] as unknown as number[]) : undefined,
      });
    case 'pool': {
      if (one.padding === 'valid' && smallest < one.size) return undefined;
      const config = { poolSize: one.size, strides: one.strides, padding: one.padding };
      if (one.of === 'max') return layers.maxPooling2d(config);
      // TensorFlow.js's gradient of an average divides by the whole window where its forward pass leaves the
      // padding out, so padded averages are held to finite differences instead.
      return smallest < one.size ? undefined : layers.averagePooling2d({ ...config, padding: 'valid' });
    }
    default:
      return undefined;
  }
}

/** A random model with branches, ended by one of two ways to a vector and a dense layer. */
function graph(shape: [number, number, number], steps: Step[], end: string): tfl.LayersModel {
  const input = tfl.input({ shape });
  let x = input as Tensor;
  const earlier: Tensor[] = [];
  for (const one of steps) {
    const before = x;
    if (one.kind === 'add' || one.kind === 'concatenate') {
      const depth = one.kind === 'add' ? 4 : 3;
      const fitting = earlier.filter(
        (t) => String(t.shape.slice(0, depth)) === String(x.shape.slice(0, depth)),
      );
      if (fitting.length === 0) continue;
      const other = fitting[one.pick % fitting.length];
      const layer = one.kind === 'add' ? layers.add() : layers.concatenate();
      x = layer.apply([x, other]) as Tensor;
    } else {
      const layer = layerFor(one, x);
      if (layer) x = layer.apply(x) as Tensor;
    }
    earlier.push(before);
  }
  const ends: Record<string, () => tfl.layers.Layer> = {
    flatten: () => layers.flatten(),
    average: () => layers.globalAveragePooling2d({}),
  };
  x = ends[end]().apply(x) as Tensor;
  x = layers.dense({ units: CLASSES, activation: 'softmax' }).apply(x) as Tensor;
  return tfl.model({ inputs: input, outputs: x });
}

test('random models with branches have the outputs, gradients and statistics of TensorFlow.js', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 7 }),
      fc.constantFrom('flatten', 'average'),
      fc.integer({ min: 3, max: 9 }),
      fc.integer({ min: 3, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 2, max: 4 }),
      async (steps, end, height, width, channels, size) => {
        await compare(graph([height, width, channels], steps, end), size);
      },
    ),
    { numRuns: 100, seed: 8, endOnFailure: false },
  );
});

// Not among the random steps: TensorFlow.js gives the gradient of a maximum to all of several equal values.
test('a global maximum has the gradients of TensorFlow.js', async () => {
  const model = tfl.sequential({
    layers: [
      layers.conv2d({ filters: 5, kernelSize: 3, inputShape: [7, 6, 2] }),
      layers.globalMaxPooling2d({}),
      layers.dense({ units: CLASSES }),
    ],
  });
  await compare(model, 3);
});

test('a layer that the plan does not know is named, and auto runs the model eagerly', async () => {
  const model = tfl.sequential({
    layers: [
      layers.separableConv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1], name: 'apart' }),
      layers.flatten(),
      layers.dense({ units: CLASSES }),
    ],
  });
  await expect(createExecutor(model, { engine: 'plan' })).rejects.toThrow(/"apart" \(SeparableConv2D\)/);
  const executor = await createExecutor(model);
  expect(executor.engine).toBe('eager');
  expect(executor.description).toMatch(/"apart" \(SeparableConv2D\)/);
  await executor.dispose();
});
