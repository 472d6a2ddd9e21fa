import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, type StepTarget } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

/** Classes of the models that are compared. */
export const CLASSES = 3;

/** Gives every weight values that do not depend on TensorFlow.js's initialisers. */
export function seed(model: tfl.LayersModel, start: number): void {
  model.weights.forEach((weight, i) => {
    const size = tf.util.sizeFromShape(weight.shape as number[]);
    const values = noise(size, start + i).map((value) =>
      weight.originalName.endsWith('moving_variance') ? 1.5 + value : value,
    );
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  });
}

/** Every number of a training step and an inference on one executor, from weights that are always the same. */
export async function measure(
  model: tfl.LayersModel,
  make: typeof createPlanExecutor,
  { size, target }: { size: number; target?: StepTarget },
) {
  seed(model, 1);
  const [height, width, channels] = (model.inputs[0].shape as number[]).slice(1);
  const images = noise(size * height * width * channels, 99);
  const labels = Int32Array.from({ length: size }, (_, i) => i % CLASSES);
  const executor = await make(model, { threads: 1, batchSize: size });
  const inference = (await executor.predict(images, size)).slice();
  const generator = new Generator(7);
  executor.drawMasks(size, generator);
  const { loss, outputs } = await executor.trainStep(
    images,
    size,
    target ?? crossEntropy(labels, CLASSES, 0.1),
  );
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

/** What {@link measure} gives. */
export type Measured = Awaited<ReturnType<typeof measure>>;

/** Holds the plan to what TensorFlow.js computes on its cpu backend. */
export async function compare(model: tfl.LayersModel, size: number, target?: StepTarget): Promise<void> {
  const actual = await measure(model, createPlanExecutor, { size, target });
  const expected = await measure(model, createEagerExecutor, { size, target });
  model.dispose();
  expectSame(actual, expected);
}

/** Fails where numbers of two executors differ by more than the rounding of one of them. */
export function expectSame(actual: Measured, expected: Measured): void {
  expect(actual.next, 'random numbers drawn').toBe(expected.next);
  const outputScale = 1e-4 * (1 + largest(expected.inference));
  expectClose(actual.inference, expected.inference, outputScale, 'inference');
  expectClose(actual.outputs, expected.outputs, 1e-4 * (1 + largest(expected.outputs)), 'outputs');
  expectClose([actual.loss], [expected.loss], 1e-4 * (1 + Math.abs(expected.loss)), 'loss');
  const top = Math.max(...Object.values(expected.gradients).map(largest));
  expect(Object.keys(actual.gradients)).toEqual(Object.keys(expected.gradients));
  for (const [name, gradient] of Object.entries(expected.gradients))
    expectClose(actual.gradients[name], gradient, 2e-3 * largest(gradient) + 5e-4 * top + 1e-6, name);
  for (const [name, { data }] of Object.entries(expected.weights))
    expectClose(actual.weights[name].data, data, 1e-4 * (1 + largest(data)), name);
}
