import { InvalidArgumentError } from '@mnist-kit/core';
import type { StepTarget } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from '../eager-golden.js';
import { describeEveryExecutor, errorOf, PIXELS, plainNet } from './executors.js';

const probabilities = new Float32Array(6).fill(1 / 3);

describeEveryExecutor('targets', (make) => {
  const images = noise(2 * PIXELS, 1);

  test.each<[string, unknown, RegExp]>([
    [
      'no target',
      undefined,
      /^`target.kind` must be 'softTargets' or 'function'. Received: target.kind=undefined/,
    ],
    ['another kind', { kind: 'softtargets', probabilities, scale: 1 }, /^`target.kind` .*"softtargets"/],
    [
      'too few probabilities',
      { kind: 'softTargets', probabilities: probabilities.subarray(1), scale: 1 },
      /^`probabilities` must hold 2 x 3 values. Received: probabilities=5/,
    ],
    [
      'too many probabilities',
      { kind: 'softTargets', probabilities: new Float32Array(8), scale: 1 },
      /^`probabilities` must hold 2 x 3 values. Received: probabilities=8/,
    ],
    [
      'probabilities of another type',
      { kind: 'softTargets', probabilities: [...probabilities], scale: 1 },
      /^`probabilities` must be a Float32Array of 2 x 3 values/,
    ],
    ['no probabilities', { kind: 'softTargets', scale: 1 }, /^`probabilities` must be a Float32Array/],
    ['no scale', { kind: 'softTargets', probabilities }, /^`scale` must be a finite number/],
    [
      'a scale of NaN',
      { kind: 'softTargets', probabilities, scale: Number.NaN },
      /^`scale` must be a finite/,
    ],
    ['a loss that is no function', { kind: 'function', loss: 3 }, /^`loss` must be a function/],
    [
      'a loss of one value per sample',
      lossOf((outputs) => tf.sum(outputs, 1)),
      /^`loss` must return a scalar.*\[2\]/,
    ],
    ['a loss that is a number', lossOf(() => 3), /^`loss` must return a scalar.*Received: loss=3/],
    ['a loss that is a promise', lossOf(async () => tf.scalar(3)), /^`loss` must return a scalar.*Promise/],
    ['a loss of nothing', lossOf(() => undefined), /^`loss` must return a scalar.*undefined/],
    ['a loss that ignores the outputs', lossOf(() => tf.scalar(3)), /^`loss` must depend on the outputs/],
  ])('%s is refused, and weights and statistics are as they were', async (_, target, message) => {
    const executor = await make(plainNet());
    const before = await executor.readWeights();
    const error = await errorOf(() => executor.trainStep(images, 2, target as StepTarget));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(message);
    expect(await executor.readWeights()).toEqual(before);
  });

  test('an error of the loss comes through, changes nothing, leaves no tensor and the executor usable', async () => {
    const executor = await make(plainNet());
    const before = await executor.readWeights();
    const tensors = tf.memory().numTensors;
    const own = new RangeError('a loss of the user');
    const failing = lossOf((outputs) => {
      tf.square(outputs);
      throw own;
    });
    expect(await errorOf(() => executor.trainStep(images, 2, failing))).toBe(own);
    expect(await executor.readWeights()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
    const fresh = await make(plainNet());
    const target = crossEntropy([0, 2], 3);
    const { loss } = await fresh.trainStep(images, 2, target);
    expect((await executor.trainStep(images, 2, target)).loss).toBe(loss);
  });

  test('a loss of NaN is reported, not thrown', async () => {
    const executor = await make(plainNet());
    const { loss } = await executor.trainStep(
      images,
      2,
      lossOf((outputs) => tf.mul(tf.sum(outputs), Number.NaN)),
    );
    expect(loss).toBeNaN();
  });

  test('cross-entropy is the same as soft targets and as a function', async () => {
    const executor = await make(plainNet());
    const soft = await executor.trainStep(images, 2, crossEntropy([0, 2], 3));
    const gradients = executor.parameters.map(({ gradient }) => gradient.slice());
    const written = await executor.trainStep(
      images,
      2,
      lossOf((outputs) => tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot([0, 2], 3), tf.logSoftmax(outputs)), 1)))),
    );
    expect(written.loss).toBeCloseTo(soft.loss, 5);
    executor.parameters.forEach(({ name, gradient }, p) => {
      gradient.forEach((value, i) => {
        expect(Math.abs(value - gradients[p][i]), name).toBeLessThan(1e-5);
      });
    });
  });
});

function lossOf(loss: (outputs: tf.Tensor2D) => unknown): StepTarget {
  return { kind: 'function', loss: loss as (outputs: tf.Tensor2D) => tf.Scalar };
}
