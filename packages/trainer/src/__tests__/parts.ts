import type { Parameter } from '@mnist-kit/core';
import type { OptimizerLike } from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';

/** Plain gradient descent. */
export function sgd(lr: number): OptimizerLike {
  return {
    lr,
    step(parameters: readonly Parameter[]) {
      for (const { value, gradient } of parameters)
        for (let i = 0; i < value.length; i++) value[i] -= this.lr * gradient[i];
    },
    state() {
      return { lr: this.lr };
    },
    loadState(state) {
      this.lr = (state as { lr: number }).lr;
    },
  };
}

/** Mean negative log-likelihood in stock TensorFlow.js, with the soft targets that engines look for. */
export const nll = Object.assign(
  (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(labels, outputs.shape[1]), outputs) as tf.Scalar,
  {
    reduction: 'mean' as 'mean' | 'sum',
    softTargets: (labels: Int32Array, classes: number): Float32Array =>
      Float32Array.from({ length: labels.length * classes }, (_, i) =>
        labels[Math.floor(i / classes)] === i % classes ? 1 : 0,
      ),
  },
);
