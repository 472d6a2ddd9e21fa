import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, type StepTarget, useBackend } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const { layers } = tfl;
const CLASSES = 3;

/** One block of a chain: a convolution and what may follow it. */
interface Block {
  filters: number;
  kernelSize: number;
  strides: number;
  padding: 'same' | 'valid';
  useBias: boolean;
  batchNorm: boolean;
  relu: boolean;
  dropout: number;
  pool: boolean;
}

const block: fc.Arbitrary<Block> = fc.record({
  filters: fc.integer({ min: 1, max: 13 }),
  kernelSize: fc.constantFrom(1, 2, 3, 3, 3, 5),
  strides: fc.constantFrom(1, 1, 1, 2),
  padding: fc.constantFrom('same', 'valid'),
  useBias: fc.boolean(),
  batchNorm: fc.boolean(),
  relu: fc.boolean(),
  dropout: fc.constantFrom(0, 0.3),
  pool: fc.boolean(),
});

/** A chain of blocks, a global average and a dense layer; blocks that do not fit the plane are left out. */
function chain(shape: [number, number, number], blocks: Block[]): tfl.LayersModel {
  const input = tfl.input({ shape });
  let x = input;
  const apply = (layer: tfl.layers.Layer) => {
    x = layer.apply(x) as tfl.SymbolicTensor;
  };
  for (const one of blocks) {
    const [, height, width] = x.shape as number[];
    if (one.padding === 'valid' && Math.min(height, width) < one.kernelSize) continue;
    const { filters, kernelSize, strides, padding, useBias } = one;
    apply(layers.conv2d({ filters, kernelSize, strides, padding, useBias }));
    if (one.batchNorm) apply(layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }));
    if (one.relu) apply(layers.activation({ activation: 'relu' }));
    if (one.dropout) apply(layers.dropout({ rate: one.dropout, noiseShape: [null, 1, 1, null] as number[] }));
    const [, h, w] = x.shape as number[];
    if (one.pool && h % 2 === 0 && w % 2 === 0) apply(layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  }
  apply(layers.globalAveragePooling2d({}));
  apply(layers.dense({ units: CLASSES }));
  return tfl.model({ inputs: input, outputs: x });
}

function seed(model: tfl.LayersModel, start: number): void {
  model.weights.forEach((weight, i) => {
    const size = tf.util.sizeFromShape(weight.shape as number[]);
    const values = noise(size, start + i).map((value) =>
      weight.originalName.endsWith('moving_variance') ? 1.5 + value : value,
    );
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  });
}

/** Every number of two training steps and an inference on one executor. */
async function run(
  model: tfl.LayersModel,
  make: typeof createPlanExecutor,
  options: { size: number; images: Float32Array; target: StepTarget },
) {
  const { size, images, target } = options;
  const executor = await make(model, { threads: 1, batchSize: size });
  const inference = (await executor.predict(images, size)).slice();
  const generator = new Generator(7);
  executor.drawMasks(size, generator);
  const { loss, outputs } = await executor.trainStep(images, size, target);
  const result = {
    inference,
    loss,
    outputs: outputs.slice(),
    next: generator.randomUint32(),
    gradients: Object.fromEntries(executor.parameters.map((p) => [p.name, p.gradient.slice()])),
    weights: await executor.readWeights(),
  };
  await executor.dispose();
  return result;
}

function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  scale: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    if (!(Math.abs(actual[i] - expected[i]) <= scale))
      expect.fail(`${what}[${i}]: ${actual[i]} instead of ${expected[i]} (tolerance ${scale})`);
}

const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs), 0);

/** Holds the plan to what TensorFlow.js computes on its cpu backend. */
async function compare(model: tfl.LayersModel, size: number, target?: StepTarget): Promise<void> {
  seed(model, 1);
  const [height, width, channels] = (model.inputs[0].shape as number[]).slice(1);
  const images = noise(size * height * width * channels, 99);
  const labels = Int32Array.from({ length: size }, (_, i) => i % CLASSES);
  const options = { size, images, target: target ?? crossEntropy(labels, CLASSES, 0.1) };
  const actual = await run(model, createPlanExecutor, options);
  const expected = await run(model, createEagerExecutor, options);
  model.dispose();

  expect(actual.next, 'random numbers drawn').toBe(expected.next);
  const outputScale = 1e-4 * (1 + largest(expected.inference));
  expectClose(actual.inference, expected.inference, outputScale, 'inference');
  expectClose(actual.outputs, expected.outputs, 1e-4 * (1 + largest(expected.outputs)), 'outputs');
  expectClose([actual.loss], [expected.loss], 1e-4 * (1 + Math.abs(expected.loss)), 'loss');
  const top = Math.max(...Object.values(expected.gradients).map(largest));
  for (const [name, gradient] of Object.entries(expected.gradients))
    expectClose(actual.gradients[name], gradient, 2e-3 * largest(gradient) + 1e-5 * top + 1e-7, name);
  for (const [name, { data }] of Object.entries(expected.weights))
    expectClose(actual.weights[name].data, data, 1e-4 * (1 + largest(data)), name);
}

test('chains of random blocks have the outputs, gradients and statistics of TensorFlow.js', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(block, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 5, max: 12 }),
      fc.integer({ min: 5, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 2, max: 5 }),
      async (blocks, height, width, channels, size) => {
        await compare(chain([height, width, channels], blocks), size);
      },
    ),
    { numRuns: 40, seed: 20, endOnFailure: true },
  );
});

test('a loss that is any TensorFlow.js function gives the same gradients as on eager', async () => {
  const target: StepTarget = {
    kind: 'function',
    loss: (outputs) => tf.mean(tf.square(tf.sub(outputs, 0.25))) as tf.Scalar,
  };
  const blocks = [1, 2].map(() => ({
    filters: 4,
    kernelSize: 3,
    strides: 1,
    padding: 'same' as const,
    useBias: true,
    batchNorm: true,
    relu: true,
    dropout: 0.2,
    pool: true,
  }));
  await compare(chain([8, 8, 1], blocks), 4, target);
});
