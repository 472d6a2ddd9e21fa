import { createEagerExecutor, useBackend } from '@mnist-kit/engine';
import { convNet } from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

// Kernels that TensorFlow.js's wasm backend lacks or has wrong, against those of its cpu backend.

beforeAll(async () => {
  // The first step on that backend registers the kernels; the model does not matter.
  const model = convNet({ channels: [1], inputShape: [2, 2, 1], dropout: 0, fcDropout: 0 });
  const executor = await createEagerExecutor(model, { backend: 'wasm' });
  await executor.trainStep(new Float32Array(4), 1, crossEntropy([0]));
});

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 3, max: 9 }),
  width: fc.integer({ min: 3, max: 9 }),
  inputs: fc.integer({ min: 1, max: 5 }),
  outputs: fc.integer({ min: 1, max: 6 }),
  filter: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom('same' as const, 'valid' as const),
  seed: fc.nat(1000),
});

/** Runs the same gradient on both backends. */
async function onBoth(compute: () => tf.Tensor[]): Promise<Float32Array[][]> {
  const results: Float32Array[][] = [];
  for (const backend of ['cpu', 'wasm']) {
    await useBackend(backend);
    const before = tf.memory();
    const tensors = tf.tidy(compute);
    results.push(tensors.map((tensor) => tensor.dataSync().slice() as Float32Array));
    tf.dispose(tensors);
    expect(tf.memory().numTensors, backend).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers, backend).toBe(before.numDataBuffers);
  }
  return results;
}

function expectClose(got: Float32Array, expected: Float32Array): void {
  expect(got.length).toBe(expected.length);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i] - expected[i])).toBeLessThan(1e-5 * largest);
}

test('the gradients of a convolution are those of the cpu backend, for any shape', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      async ({ batch, height, width, inputs, outputs, filter, strides, pad, seed }) => {
        const [cpu, wasm] = await onBoth(() => {
          const x = tf.tensor4d(noise(batch * height * width * inputs, seed), [batch, height, width, inputs]);
          const shape: [number, number, number, number] = [...filter, inputs, outputs];
          const kernel = tf.tensor4d(noise(tf.util.sizeFromShape(shape), seed + 1), shape);
          const y = tf.conv2d(x, kernel, strides, pad);
          const dy = tf.tensor4d(noise(y.size, seed + 2), y.shape);
          const run = tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad));
          return run([x, kernel], dy);
        });
        wasm.forEach((values, i) => {
          expectClose(values, cpu[i]);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('the gradients of a depthwise convolution are those of the cpu backend, for any shape', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      async ({ batch, height, width, inputs, outputs, filter, strides, pad, seed }) => {
        const [cpu, wasm] = await onBoth(() => {
          const x = tf.tensor4d(noise(batch * height * width * inputs, seed), [batch, height, width, inputs]);
          const shape: [number, number, number, number] = [...filter, inputs, outputs];
          const kernel = tf.tensor4d(noise(tf.util.sizeFromShape(shape), seed + 1), shape);
          const y = tf.depthwiseConv2d(x, kernel, strides, pad);
          const dy = tf.tensor4d(noise(y.size, seed + 2), y.shape);
          const run = tf.grads((a, b) =>
            tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad),
          );
          return run([x, kernel], dy);
        });
        wasm.forEach((values, i) => {
          expectClose(values, cpu[i]);
        });
      },
    ),
    { numRuns: 40 },
  );
});

test('a batch too large for one product is summed over several', async () => {
  const [cpu, wasm] = await onBoth(() => {
    const x = tf.tensor4d(noise(12 * 24 * 24 * 2, 1), [12, 24, 24, 2]);
    const dy = tf.tensor4d(noise(12 * 24 * 24 * 3, 2), [12, 24, 24, 3]);
    const kernel = tf.tensor4d(noise(54, 3), [3, 3, 2, 3]);
    return [tf.grad((b) => tf.conv2d(x, b as tf.Tensor4D, 1, 'same'))(kernel, dy)];
  });
  expectClose(wasm[0], cpu[0]);
});

test.each([
  ['max', tf.maxPool],
  ['average', tf.avgPool],
] as const)('the gradient of %s pooling is that of the cpu backend, for any shape', async (_, pool) => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ batch, height, width, inputs, filter, strides, pad, seed }) => {
      const [cpu, wasm] = await onBoth(() => {
        const x = tf.tensor4d(noise(batch * height * width * inputs, seed), [batch, height, width, inputs]);
        const y = pool(x, filter, strides, pad);
        const dy = tf.tensor(noise(y.size, seed + 1), y.shape);
        return [tf.grad((a) => pool(a as tf.Tensor4D, filter, strides, pad))(x, dy)];
      });
      expectClose(wasm[0], cpu[0]);
    }),
    { numRuns: 40 },
  );
});

test('max pooling without a positive value keeps its gradient', async () => {
  await useBackend('wasm');
  const x = tf.tensor4d([-4, -1, -3, -2], [1, 2, 2, 1]);
  const gradient = tf.grad((a) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'valid'))(
    x,
    tf.tensor4d([5], [1, 1, 1, 1]),
  );
  expect([...gradient.dataSync()]).toEqual([0, 5, 0, 0]);
});
