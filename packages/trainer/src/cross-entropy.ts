import * as tf from '@tensorflow/tfjs-core';
import type { LossLike } from './contracts/parts.js';

/** What evaluation reports when the Trainer has no loss: the mean cross-entropy of logits or log-probabilities. */
export const crossEntropy: LossLike = Object.assign(
  (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor =>
    tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(outputs), tf.oneHot(labels, outputs.shape[1])), -1))),
  {
    reduction: 'mean' as const,
    softTargets(labels: Int32Array, classes: number): Float32Array {
      const rows = new Float32Array(labels.length * classes);
      for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]] = 1;
      return rows;
    },
  },
);
