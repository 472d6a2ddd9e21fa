import { type StepTarget, useBackend } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, test } from 'vitest';
import { CLASSES, compare } from './compare-executors.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const { layers } = tfl;

/** One block of a chain: a convolution and what may follow it. */
interface Block {
  filters: number;
  kernelSize: number;
  strides: number;
  padding: 'same' | 'valid';
  useBias: boolean;
  batchNorm: boolean;
  relu: boolean;
  /** Rate, or -1 for no layer. */
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
  dropout: fc.constantFrom(-1, 0, 0.3),
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
    // A rate of 0 draws nothing, on either executor.
    if (one.dropout >= 0)
      apply(layers.dropout({ rate: one.dropout, noiseShape: [null, 1, 1, null] as number[] }));
    const [, h, w] = x.shape as number[];
    if (one.pool && h % 2 === 0 && w % 2 === 0) apply(layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  }
  apply(layers.globalAveragePooling2d({}));
  apply(layers.dense({ units: CLASSES }));
  return tfl.model({ inputs: input, outputs: x });
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
