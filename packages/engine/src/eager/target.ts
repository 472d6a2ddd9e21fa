import { InvalidArgumentError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { StepTarget } from '../executor.js';
import { innerLayersOf } from './graph.js';

/**
 * What a training step minimises: the target's loss, and the penalties of the layers' regularizers.
 *
 * @throws InvalidArgumentError when the target does not fit the outputs or its loss is not a scalar.
 */
export function computeLoss(
  layers: readonly tfl.layers.Layer[],
  outputs: tf.Tensor2D,
  size: number,
  target: StepTarget,
): tf.Scalar {
  let loss = targetLoss(outputs, size, target);
  for (const layer of layers) {
    for (const penalty of layer.calculateLosses()) loss = tf.add(loss, penalty);
    // A wrapper counts its layer's penalties as its own, a recurrent layer does not count its cells'.
    const inner = new Set(innerLayersOf(layer).flatMap(({ losses }) => losses));
    for (const penalty of inner) if (!layer.losses.includes(penalty)) loss = tf.add(loss, penalty());
  }
  return loss;
}

function targetLoss(outputs: tf.Tensor2D, size: number, target: StepTarget): tf.Scalar {
  if (target.kind === 'function') {
    const loss = target.loss(outputs);
    if (!(loss instanceof tf.Tensor) || loss.size !== 1)
      throw new InvalidArgumentError(
        'loss',
        'must return a scalar; use a reduction',
        loss instanceof tf.Tensor ? loss.shape : loss,
      );
    return tf.reshape(loss, []);
  }
  const { probabilities, scale } = target;
  if (probabilities.length !== outputs.size)
    throw new InvalidArgumentError(
      'probabilities',
      `must hold ${size} x ${outputs.shape[1]} values`,
      probabilities.length,
    );
  // A copy, because the cpu backend would hold on to the array.
  const q = tf.tensor2d(probabilities.slice(), outputs.shape);
  const logProbabilities = tf.logSoftmax(outputs);
  // A class without weight counts for nothing, even at a log-probability of -inf, where a product would be NaN.
  const counted = tf.where(tf.equal(q, 0), tf.zerosLike(logProbabilities), logProbabilities);
  return tf.mul(tf.sum(tf.mul(q, counted)), -scale);
}
