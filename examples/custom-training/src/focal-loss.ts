import * as tf from '@tensorflow/tfjs-core';

/**
 * Focal loss, `mean(-(1 - p)^gamma * log p)` with p the probability of the true class: samples that the model
 * already gets right weigh less (Lin et al. 2017, https://arxiv.org/abs/1708.02002).
 *
 * A loss is a differentiable TensorFlow.js function. The engine hands it the outputs, differentiates it there,
 * and goes on by itself.
 */
export function focalLoss({ gamma = 2 }: { gamma?: number } = {}) {
  return (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar => {
    const target = tf.oneHot(labels, outputs.shape[1]);
    const logP = tf.sum(tf.mul(tf.logSoftmax(outputs), target), 1);
    const weight = tf.pow(tf.sub(1, tf.exp(logP)), gamma);
    return tf.neg(tf.mean(tf.mul(weight, logP)));
  };
}
