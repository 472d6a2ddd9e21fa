import { InvalidArgumentError, math } from '@mnist-kit/core';
import type { StepTarget } from '@mnist-kit/engine';
import { mixupLoss } from '@mnist-kit/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { LossLike, Mixed } from './contracts/parts.js';

/** Turns a loss into what an executor trains on, and evaluates it on outputs. */
export class LossRunner {
  readonly #loss: LossLike;
  readonly #trainable: LossLike;
  readonly #classes: number;
  /** True where a step's loss is the sum over its samples, and not their mean. */
  readonly sums: boolean;

  constructor(loss: LossLike, classes: number) {
    if (typeof loss !== 'function')
      throw new InvalidArgumentError('loss', 'must be a function of outputs and labels', loss);
    this.#loss = loss;
    this.#trainable = scalarLoss(loss);
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
    const loss = mixed === undefined ? this.#trainable : mixupLoss(this.#trainable, mixed);
    if (loss.softTargets !== undefined) {
      const probabilities = loss.softTargets(labels, this.#classes);
      return { kind: 'softTargets', probabilities, scale: this.sums ? 1 : 1 / size };
    }
    return { kind: 'function', loss: (outputs) => loss(outputs, tf.tensor1d(labels, 'int32')) as tf.Scalar };
  }

  /** Sum of the loss over the samples of a batch. */
  evaluate(outputs: Float32Array, labels: Int32Array, size: number): number {
    const { softTargets } = this.#loss;
    if (softTargets !== undefined)
      return math.softTargetCrossEntropy(outputs, softTargets(labels, this.#classes), {
        size,
        classes: this.#classes,
      });
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
}

/** The loss, held to returning a scalar. */
function scalarLoss(loss: LossLike): LossLike {
  const checked = (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar => {
    const value = loss(outputs, labels);
    if (!(value instanceof tf.Tensor) || value.rank !== 0)
      throw new InvalidArgumentError(
        'loss',
        'must return a scalar tensor to train on',
        value instanceof tf.Tensor ? `a tensor of shape [${value.shape.join(', ')}]` : value,
      );
    return value as tf.Scalar;
  };
  const { reduction, softTargets } = loss;
  return Object.assign(checked, { reduction, softTargets });
}
