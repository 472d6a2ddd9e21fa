import { EngineError } from '@mnist-kit/core';
import { createEagerExecutor, useBackend } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';

// The tests of this file share one process and run in this order: nothing here imports a backend.

test('a program that imports no backend runs on the plain one', async () => {
  expect(Object.keys(tf.engine().registryFactory)).toEqual([]);
  const input = tfl.input({ shape: [2, 2, 1] });
  const model = tfl.model({
    inputs: input,
    outputs: tfl.layers.flatten().apply(input) as tfl.SymbolicTensor,
  });
  const executor = await createEagerExecutor(model);
  expect(executor.description).toContain('cpu');
  expect([...(await executor.predict(new Float32Array([1, 2, 3, 4]), 1))]).toEqual([1, 2, 3, 4]);
  await executor.dispose();
});

test('a backend that does not start leaves the one before in its place', async () => {
  tf.registerBackend('wasm', () => {
    throw new Error('no WebAssembly here');
  });
  expect(await useBackend('auto')).toBe('cpu');
  expect(tf.getBackend()).toBe('cpu');
  await expect(useBackend('wasm')).rejects.toThrow(EngineError);
  expect(tf.getBackend()).toBe('cpu');
  expect(tf.tidy(() => tf.add(1, 1).dataSync()[0])).toBe(2);
});
