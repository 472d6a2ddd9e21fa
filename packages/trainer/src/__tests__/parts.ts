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

/** Gradient descent with momentum, whose buffers are part of the state. */
export function momentum(lr: number): OptimizerLike {
  const velocities = new Map<string, Float32Array>();
  return {
    lr,
    step(parameters: readonly Parameter[]) {
      for (const { name, value, gradient } of parameters) {
        const velocity = velocities.get(name) ?? new Float32Array(value.length);
        velocities.set(name, velocity);
        for (let i = 0; i < value.length; i++) {
          velocity[i] = 0.9 * velocity[i] + gradient[i];
          value[i] -= this.lr * velocity[i];
        }
      }
    },
    state() {
      return { lr: this.lr, velocities: Object.fromEntries([...velocities].map(([k, v]) => [k, v.slice()])) };
    },
    loadState(state) {
      const saved = state as { lr: number; velocities: Record<string, Float32Array> };
      this.lr = saved.lr;
      velocities.clear();
      for (const [name, velocity] of Object.entries(saved.velocities)) velocities.set(name, velocity.slice());
    },
  };
}
