import { math } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import { explainLoss, scalarLoss } from '../checks.js';
import type { StepTarget } from '../executor.js';
import { releaseTape } from '../release-tape.js';
import type { HeadActivation } from './graph/stage.js';

/**
 * The end of the network, in TypeScript: a few hundred numbers a step, in arithmetic that gives the same bits
 * everywhere.
 */

/** Applies the head's activation to `size x classes` values in place. */
export function applyHead(values: Float32Array, size: number, classes: number, head: HeadActivation): void {
  if (head === 'linear') return;
  const row = new Float64Array(classes);
  for (let start = 0; start < size * classes; start += classes) {
    math.logSoftmaxRow(values, start, classes, row);
    for (let c = 0; c < classes; c++) values[start + c] = head === 'softmax' ? math.exp(row[c]) : row[c];
  }
}

/**
 * Takes a gradient with respect to the head's outputs back to the values in front of its activation, in place.
 *
 * @param outputs The head's outputs, `size x classes`.
 */
function backThroughHead(
  outputs: Float32Array,
  gradient: Float32Array,
  size: number,
  classes: number,
  head: HeadActivation,
): void {
  if (head === 'linear') return;
  for (let start = 0; start < size * classes; start += classes) {
    let sum = 0;
    for (let c = 0; c < classes; c++)
      sum += head === 'softmax' ? gradient[start + c] * outputs[start + c] : gradient[start + c];
    for (let c = 0; c < classes; c++)
      gradient[start + c] =
        head === 'softmax'
          ? outputs[start + c] * (gradient[start + c] - sum)
          : gradient[start + c] - math.exp(outputs[start + c]) * sum;
  }
}

/**
 * The loss of a step and its gradient with respect to the values in front of the head's activation. `outputs`
 * holds those values and becomes the model's outputs.
 *
 * @throws InvalidArgumentError when a loss of the user's is no scalar or does not depend on the outputs.
 */
export function lossAndGradient(
  outputs: Float32Array,
  size: number,
  classes: number,
  head: HeadActivation,
  target: StepTarget,
): { loss: number; gradient: Float32Array } {
  if (target.kind === 'function') {
    applyHead(outputs, size, classes, head);
    const { loss, gradient } = differentiate(outputs, size, classes, target.loss);
    backThroughHead(outputs, gradient, size, classes, head);
    return { loss, gradient };
  }
  const { probabilities, scale } = target;
  // The loss takes log-softmax of the outputs. After log-softmax that changes nothing, so the gradient goes
  // straight to the values in front of it; after softmax it must be taken back through the head.
  if (head === 'softmax') applyHead(outputs, size, classes, head);
  const gradient = new Float32Array(size * classes);
  const loss = math.softTargetCrossEntropy(outputs, probabilities, { size, classes, scale, gradient });
  if (head === 'softmax') backThroughHead(outputs, gradient, size, classes, head);
  else applyHead(outputs, size, classes, head);
  return { loss, gradient };
}

/** Hands the outputs, which are small, to TensorFlow.js and takes the loss's gradient back. */
function differentiate(
  outputs: Float32Array,
  size: number,
  classes: number,
  lossOf: (outputs: tf.Tensor2D) => tf.Scalar,
): { loss: number; gradient: Float32Array } {
  let loss = 0;
  let gradient = new Float32Array(0);
  try {
    tf.tidy(() => {
      const loss2D = (logits: tf.Tensor) => scalarLoss(lossOf, logits as tf.Tensor2D);
      const { value, grad } = explainLoss(() =>
        tf.valueAndGrad(loss2D)(tf.tensor2d(outputs, [size, classes])),
      );
      [loss] = value.dataSync();
      gradient = new Float32Array(grad.dataSync());
    });
  } catch (error) {
    releaseTape();
    throw error;
  }
  return { loss, gradient };
}
