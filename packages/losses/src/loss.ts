import { InvalidArgumentError, type Settings } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * What becomes of the losses of a batch: one per sample, their mean, or their sum.
 *
 * @example
 * ```ts
 * import type { Reduction } from '@mnist-kit/losses';
 *
 * const reduction: Reduction = 'mean';
 * ```
 */
export type Reduction = 'none' | 'mean' | 'sum';

/**
 * Options that every loss has.
 *
 * @example
 * ```ts
 * import { type LossOptions, nllLoss } from '@mnist-kit/losses';
 *
 * const options: LossOptions = { reduction: 'none' };
 * const loss = nllLoss(options);
 * ```
 */
export interface LossOptions {
  /** Default `mean`. */
  reduction?: Reduction;
}

/**
 * A loss: a differentiable TensorFlow.js function of a model's outputs and the labels.
 *
 * A function of your own is as good: give it a `reduction` if it is not a mean. `softTargets` is for losses
 * that are a cross-entropy against a distribution; with it an engine can run them without TensorFlow.js.
 *
 * @example
 * ```ts
 * import { type Loss, nllLoss } from '@mnist-kit/losses';
 *
 * const loss: Loss = nllLoss();
 * console.log(loss.reduction, loss.softTargets?.(Int32Array.of(1), 3)); // mean, Float32Array [0, 1, 0]
 * ```
 */
export interface Loss {
  /**
   * @param outputs Logits or log-probabilities, `size x classes`.
   * @param labels Class indices, `size`, int32.
   * @returns A scalar, or one value per sample with reduction `none`.
   */
  (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor;
  /** For people: `nllLoss`. */
  readonly name: string;
  readonly reduction: Reduction;
  /** The target distribution of every sample, `size x classes`, row-major. */
  readonly softTargets?: (labels: Int32Array, classes: number) => Float32Array;
  /** The options that it was made with, but for `reduction`. */
  readonly settings?: Settings;
}

/**
 * What {@link mixupLoss} takes: a {@link Loss}, or any function of your own, which is a mean if it does not say.
 *
 * @example
 * ```ts
 * import type { LossFunction } from '@mnist-kit/losses';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * // Cross-entropy in which every second class counts double.
 * const weighted: LossFunction = (outputs, labels) => {
 *   const weights = tf.add(1, tf.mod(tf.cast(labels, 'float32'), 2));
 *   const picked = tf.sum(tf.mul(tf.logSoftmax(outputs), tf.oneHot(labels, outputs.shape[1])), 1);
 *   return tf.neg(tf.mean(tf.mul(weights, picked)));
 * };
 * ```
 */
export type LossFunction = ((outputs: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor) &
  Partial<Pick<Loss, 'reduction' | 'softTargets'>>;

/** Cross-entropy against the distributions that `softTargets` gives: `-sum(q log_softmax(outputs))`. */
export function softTargetLoss(
  name: string,
  reduction: Reduction,
  softTargets: (labels: Int32Array, classes: number) => Float32Array,
  settings: Settings = {},
): Loss {
  if (!['none', 'mean', 'sum'].includes(reduction))
    throw new InvalidArgumentError('reduction', "must be 'none', 'mean' or 'sum'", reduction);
  const loss = (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor => {
    const [size, classes] = checkShapes(outputs, labels);
    return tf.tidy(() => {
      const targets = tf.tensor2d(softTargets(labels.dataSync<'int32'>(), classes), [size, classes]);
      return crossEntropy(outputs, targets, reduction);
    });
  };
  const checked = (labels: Int32Array, classes: number): Float32Array => {
    if (!(labels instanceof Int32Array))
      throw new InvalidArgumentError('labels', 'must be an Int32Array of classes', labels);
    if (!Number.isSafeInteger(classes) || classes < 1)
      throw new InvalidArgumentError('classes', 'must be a positive integer', classes);
    return softTargets(labels, classes);
  };
  return Object.assign(describeLoss(loss, name, reduction, checked), { settings });
}

/**
 * `-sum(q log_softmax(x))` and its gradient, `softmax(x) sum(q) - q`. The gradient is written out because
 * those of single operations are only there once TensorFlow.js's layers are loaded.
 */
function crossEntropy(outputs: tf.Tensor2D, targets: tf.Tensor2D, reduction: Reduction): tf.Tensor {
  const size = outputs.shape[0];
  const differentiable = tf.customGrad((...args: unknown[]) => {
    const [x, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const logProbabilities = tf.logSoftmax(x);
    // A class without weight counts for nothing, even at a log-probability of -inf, where a product would be NaN.
    const counted = tf.where(tf.equal(targets, 0), tf.zerosLike(logProbabilities), logProbabilities);
    const perSample = tf.neg(tf.sum(tf.mul(targets, counted), 1));
    save([logProbabilities, targets]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [logP, q] = saved;
      const slope = tf.sub(tf.mul(tf.exp(logP), tf.sum(q, 1, true)), q);
      if (reduction === 'none') return tf.mul(slope, tf.reshape(dy, [size, 1]));
      return tf.mul(slope, reduction === 'mean' ? tf.div(dy, size) : dy);
    };
    if (reduction === 'none') return { value: perSample, gradFunc };
    return { value: reduction === 'sum' ? tf.sum(perSample) : tf.mean(perSample), gradFunc };
  });
  return differentiable(outputs);
}

/** Puts the fields of a {@link Loss} on a function. */
export function describeLoss(
  loss: (outputs: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor,
  name: string,
  reduction: Reduction,
  softTargets?: Loss['softTargets'],
): Loss {
  // A function has a name of its own, which assignment cannot change.
  Object.defineProperty(loss, 'name', { value: name });
  return Object.assign(loss, { reduction, ...(softTargets && { softTargets }) }) as Loss;
}

/**
 * `smoothing / classes` everywhere, and `1 - smoothing` more at the label, row by row.
 *
 * @throws InvalidArgumentError when a label is no class index.
 */
export function smoothedTargets(labels: Int32Array, classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  const peak = 1 - smoothing + smoothing / classes;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!(label >= 0 && label < classes))
      throw new InvalidArgumentError(`labels[${i}]`, `must be a class index from 0 to ${classes - 1}`, label);
    targets[i * classes + label] = peak;
  }
  return targets;
}

function checkShapes(outputs: tf.Tensor, labels: tf.Tensor): readonly [size: number, classes: number] {
  if (!(outputs instanceof tf.Tensor) || outputs.rank !== 2)
    throw new InvalidArgumentError('outputs', 'must be a tensor of shape [size, classes]', shapeOf(outputs));
  const [size, classes] = outputs.shape as [number, number];
  if (size === 0 || classes === 0)
    throw new InvalidArgumentError('outputs', 'must have at least one row and one class', shapeOf(outputs));
  if (!(labels instanceof tf.Tensor) || labels.rank !== 1 || labels.shape[0] !== size)
    throw new InvalidArgumentError('labels', `must be a tensor of shape [${size}]`, shapeOf(labels));
  if (labels.dtype !== 'int32')
    throw new InvalidArgumentError('labels', 'must have dtype int32: class indices', labels.dtype);
  return [size, classes];
}

function shapeOf(value: unknown): unknown {
  return value instanceof tf.Tensor ? `a tensor of shape [${value.shape.join(', ')}]` : value;
}
