import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { scalarLoss } from '../checks.js';
import type { StepTarget } from '../executor.js';
import { innerLayersOf } from './graph.js';
import { withRightGradients } from './repairs/scope.js';

/**
 * What a training step minimises: the target's loss, and the penalties of the layers' regularizers.
 *
 * @throws InvalidArgumentError when the target's loss is not a scalar.
 */
export function computeLoss(
  layers: readonly tfl.layers.Layer[],
  outputs: tf.Tensor2D,
  target: StepTarget,
): tf.Scalar {
  const loss = targetLoss(outputs, target);
  return withRightGradients(() => addPenalties(layers, loss));
}

function addPenalties(layers: readonly tfl.layers.Layer[], targetLoss: tf.Scalar): tf.Scalar {
  let loss = targetLoss;
  for (const layer of layers) {
    for (const penalty of layer.calculateLosses()) loss = tf.add(loss, penalty);
    // A wrapper counts its layer's penalties as its own, a recurrent layer does not count its cells'.
    const inner = new Set(innerLayersOf(layer).flatMap(({ losses }) => losses));
    for (const penalty of inner) if (!layer.losses.includes(penalty)) loss = tf.add(loss, penalty());
  }
  return loss;
}

function targetLoss(outputs: tf.Tensor2D, target: StepTarget): tf.Scalar {
  if (target.kind === 'function') return scalarLoss(target.loss, outputs);
  const { probabilities, scale } = target;
  // A copy, because the cpu backend would hold on to the array.
  const q = tf.tensor2d(probabilities.slice(), outputs.shape);
  const logProbabilities = tf.logSoftmax(outputs);
  // A class without weight counts for nothing, even at a log-probability of -inf, where a product would be NaN.
  const counted = tf.where(tf.equal(q, 0), tf.zerosLike(logProbabilities), logProbabilities);
  return tf.mul(tf.sum(tf.mul(q, counted)), -scale);
}
