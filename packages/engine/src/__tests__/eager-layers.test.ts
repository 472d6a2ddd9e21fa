import { readFileSync } from 'node:fs';
import { createEagerExecutor, type Executor, useBackend } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';

/** One layer, and what PyTorch computes for it in float64; written by fixtures/make_layers_float64.py. */
interface Case {
  name: string;
  className: string;
  config: object;
  batch: number;
  ties: boolean;
  /** Shapes of the layer's inputs, without the batch. */
  shapes: number[][];
  weights: number[][];
  outputs: number[];
  /** Gradients of the inputs, summed over the batch. */
  inputs: number[][];
  gradients: number[][];
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('./fixtures/layers-float64.json', import.meta.url), 'utf8'),
);

const sizeOf = (shape: number[]) => shape.reduce((product, n) => product * n, 1);

/** The numbers that the Python script takes. */
function values(count: number, seed: number, ties = false): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const v = ((i * (7919 + 38 * seed) + seed * 104729 + ((i * i) % 1013) * 31) % 2003) / 1001.5 - 1;
    return ties ? Math.round(v * 2) / 2 : v;
  });
}

/** One Dense layer that copies its inputs in front of each input, so that its bias gets the input's gradient. */
function build({ className, config, shapes, weights }: Case): tfl.LayersModel {
  const sizes = shapes.map(sizeOf);
  const total = sizes.reduce((sum, n) => sum + n, 0);
  const input = tfl.input({ shape: [total] });
  const parts = shapes.map((shape, i) => {
    const copy = tfl.layers.dense({ units: sizes[i], name: `front${i}` });
    const flat = copy.apply(input) as tfl.SymbolicTensor;
    const kernel = new Float32Array(total * sizes[i]);
    const start = i === 0 ? 0 : sizes[0];
    for (let j = 0; j < sizes[i]; j++) kernel[(start + j) * sizes[i] + j] = 1;
    copy.setWeights([tf.tensor2d(kernel, [total, sizes[i]]), tf.zeros([sizes[i]])]);
    if (shape.length === 1) return flat;
    return tfl.layers.reshape({ targetShape: shape }).apply(flat) as tfl.SymbolicTensor;
  });
  const [stock, fromConfig] = tf.serialization.SerializationMap.getMap().classNameMap[className];
  const layer = fromConfig(stock, { ...structuredClone(config), name: 'it' } as never) as tfl.layers.Layer;
  let output = layer.apply(parts.length > 1 ? parts : parts[0]) as tfl.SymbolicTensor;
  layer.setWeights(weights.map((shape, i) => tf.tensor(values(sizeOf(shape), 10 + i), shape)));
  if (output.shape.length !== 2) output = tfl.layers.flatten().apply(output) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: output });
}

/** The inputs of each sample one after the other. */
function imagesOf({ shapes, batch, ties }: Case): Float32Array {
  const sizes = shapes.map(sizeOf);
  const parts = sizes.map((n, i) => values(batch * n, i + 1, ties));
  const all = Array.from({ length: batch }, (_, n) =>
    sizes.flatMap((size, i) => [...parts[i].subarray(n * size, (n + 1) * size)]),
  );
  return Float32Array.from(all.flat());
}

function expectClose(got: ArrayLike<number>, expected: number[], name: string): void {
  expect(got.length, name).toBe(expected.length);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
  const off = expected.reduce((most, value, i) => Math.max(most, Math.abs(got[i] - value)), 0);
  expect(off / largest, name).toBeLessThan(1e-5);
}

const gradientOf = (executor: Executor, name: string) =>
  executor.parameters.find((parameter) => parameter.name === name)!.gradient;

describe.each(['cpu', 'wasm'])('outputs and gradients are those of PyTorch in float64, on %s', (backend) => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    await useBackend(backend);
    const model = build(one);
    const executor = await createEagerExecutor(model);
    const images = imagesOf(one);
    expectClose(await executor.predict(images, one.batch), one.outputs, 'predictions');

    const factors = values(one.outputs.length, 3);
    const loss = (outputs: tf.Tensor2D) =>
      tf.sum(tf.mul(outputs, tf.tensor(factors, outputs.shape))) as tf.Scalar;
    const { outputs } = await executor.trainStep(images, one.batch, { kind: 'function', loss });
    expectClose(outputs, one.outputs, 'outputs');
    one.inputs.forEach((gradient, i) => {
      expectClose(gradientOf(executor, `front${i}/bias`), gradient, `gradient of input ${i}`);
    });
    const own = executor.parameters.filter(({ name }) => name.startsWith('it/'));
    expect(own).toHaveLength(one.gradients.length);
    own.forEach(({ name, gradient }, i) => {
      expectClose(gradient, one.gradients[i], `gradient of ${name}`);
    });
    model.dispose();
  });
});
