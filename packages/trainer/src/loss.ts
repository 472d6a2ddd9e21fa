import { InvalidArgumentError } from '@mnist-kit/core';
import type { StepTarget } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { LossLike, Mixed } from './contracts/parts.js';
import { logSumExp } from './metrics/softmax.js';

/** Turns a loss into what an executor trains on, and evaluates it on outputs. */
export class LossRunner {
  readonly #loss: LossLike;
  readonly #classes: number;
  /** True where a step's loss is the sum over its samples, and not their mean. */
  readonly sums: boolean;

  constructor(loss: LossLike, classes: number) {
    if (typeof loss !== 'function')
      throw new InvalidArgumentError('loss', 'must be a function of outputs and labels', loss);
    this.#loss = loss;
    this.#classes = classes;
    this.sums = loss.reduction === 'sum';
  }

  /** Training needs one number per batch. */
  checkTrainable(): void {
    if (this.#loss.reduction === 'none')
      throw new InvalidArgumentError(
        'loss',
        "must have reduction 'mean' or 'sum' to train on; 'none' gives one value per sample",
        this.#loss.reduction,
      );
  }

  /** The target of one training step. */
  target(labels: Int32Array, size: number, mixed: Mixed | undefined): StepTarget {
    const { softTargets } = this.#loss;
    if (softTargets !== undefined) {
      const own = softTargets(labels, this.#classes);
      const probabilities = mixed === undefined ? own : mixRows(own, this.#classes, mixed);
      return { kind: 'softTargets', probabilities, scale: this.sums ? 1 : 1 / size };
    }
    return { kind: 'function', loss: (outputs) => this.#differentiable(outputs, labels, mixed) };
  }

  /** Sum of the loss over the samples of a batch. */
  evaluate(outputs: Float32Array, labels: Int32Array, size: number): number {
    const { softTargets } = this.#loss;
    if (softTargets !== undefined)
      return crossEntropySum(outputs, softTargets(labels, this.#classes), size, this.#classes);
    return tf.tidy(() => {
      const value = this.#loss(
        tf.tensor2d(outputs.subarray(0, size * this.#classes), [size, this.#classes]),
        tf.tensor1d(labels, 'int32'),
      );
      const total = value.rank === 0 ? value : tf.sum(value);
      const isMean = !this.sums && this.#loss.reduction !== 'none';
      return total.dataSync()[0] * (isMean ? size : 1);
    });
  }

  #differentiable(outputs: tf.Tensor2D, labels: Int32Array, mixed: Mixed | undefined): tf.Scalar {
    const own = this.#scalar(outputs, labels);
    if (mixed === undefined) return own;
    const partners = this.#scalar(
      outputs,
      Int32Array.from(mixed.partners, (partner) => labels[partner]),
    );
    return tf.add(tf.mul(own, mixed.lambda), tf.mul(partners, 1 - mixed.lambda));
  }

  #scalar(outputs: tf.Tensor2D, labels: Int32Array): tf.Scalar {
    const value = this.#loss(outputs, tf.tensor1d(labels, 'int32'));
    if (!(value instanceof tf.Tensor) || value.rank !== 0)
      throw new InvalidArgumentError(
        'loss',
        'must return a scalar tensor to train on',
        value instanceof tf.Tensor ? `a tensor of shape [${value.shape.join(', ')}]` : value,
      );
    return value as tf.Scalar;
  }
}

/** `lambda * row + (1 - lambda) * row of the partner`. */
function mixRows(rows: Float32Array, classes: number, { lambda, partners }: Mixed): Float32Array {
  const mixed = new Float32Array(rows.length);
  for (let i = 0, at = 0; at < rows.length; i++) {
    const partner = partners[i] * classes;
    for (let c = 0; c < classes; c++, at++) mixed[at] = lambda * rows[at] + (1 - lambda) * rows[partner + c];
  }
  return mixed;
}

/** `sum over samples of -q * log_softmax(outputs)`. */
function crossEntropySum(outputs: Float32Array, q: Float32Array, size: number, classes: number): number {
  let total = 0;
  for (let i = 0, at = 0; i < size; i++, at += classes) {
    const norm = logSumExp(outputs, at, classes);
    for (let c = 0; c < classes; c++) if (q[at + c] !== 0) total += q[at + c] * (norm - outputs[at + c]);
  }
  return total;
}
