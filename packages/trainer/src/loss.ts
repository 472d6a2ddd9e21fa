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
    const { reduction } = loss;
    if (reduction !== undefined && !['none', 'mean', 'sum'].includes(reduction))
      throw new InvalidArgumentError('loss.reduction', "must be 'none', 'mean' or 'sum'", reduction);
    this.#loss = loss;
    this.#trainable = scalarLoss(loss, 'to train on');
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
    const perSample = this.#loss.reduction === 'none';
    const loss = perSample ? this.#loss : scalarLoss(this.#loss, 'unless its `reduction` is none');
    return tf.tidy(() => {
      const value = loss(
        tf.tensor2d(outputs.subarray(0, size * this.#classes), [size, this.#classes]),
        tf.tensor1d(labels, 'int32'),
      );
      if (perSample) checkTensor(value, 1, `one value per sample, as its \`reduction\` none says`);
      const [total] = tf.sum(value).dataSync();
      return total * (this.sums || perSample ? 1 : size);
    });
  }
}

/** The loss, held to returning a scalar. */
function scalarLoss(loss: LossLike, why: string): LossLike {
  const checked = (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor => {
    const value = loss(outputs, labels);
    checkTensor(value, 0, `a scalar tensor ${why}`);
    return value;
  };
  const { reduction, softTargets } = loss;
  return Object.assign(checked, { reduction, softTargets });
}

function checkTensor(value: tf.Tensor, rank: number, expected: string): void {
  if (value instanceof tf.Tensor && value.rank === rank) return;
  throw new InvalidArgumentError(
    'loss',
    `must return ${expected}`,
    value instanceof tf.Tensor ? `a tensor of shape [${value.shape.join(', ')}]` : value,
  );
}
