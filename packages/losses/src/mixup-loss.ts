import { InvalidArgumentError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import { describeLoss, type Loss, softTargetLoss } from './loss.js';

/** How a batch was mixed. */
export interface MixupDraw {
  /** Weight of the sample itself, 0 to 1; its partner has `1 - lambda`. */
  readonly lambda: number;
  /** For every sample, the position in the batch of the sample that is mixed into it. */
  readonly partners: Int32Array;
}

/**
 * The loss of a batch that was mixed: `lambda * loss(outputs, labels) + (1 - lambda) * loss(outputs, labels of
 * the partners)`. The result is a loss like any other, to be called with the batch's own labels; where `loss`
 * has soft targets, it has their mixture.
 *
 * @throws InvalidArgumentError called, when the batch is not the one that was mixed.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { mixup, mixupLoss, nllLoss } from '@mnist-kit/losses';
 *
 * const draw = mixup({ alpha: 1 }).draw(128, new Generator(1));
 * const loss = draw ? mixupLoss(nllLoss(), draw) : nllLoss();
 * ```
 */
export function mixupLoss(loss: Loss, { lambda, partners }: MixupDraw): Loss {
  const name = `mixup(${loss.name})`;
  const { softTargets } = loss;
  if (softTargets !== undefined)
    return softTargetLoss(name, loss.reduction, (labels, classes) => {
      checkSize(labels.length, partners);
      return mixRows(softTargets(labels, classes), classes, { lambda, partners });
    });
  const mixed = (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor =>
    tf.tidy(() => {
      checkSize(labels.shape[0], partners);
      const partnerLabels = tf.gather(labels, tf.tensor1d(partners, 'int32'));
      return tf.add(tf.mul(loss(outputs, labels), lambda), tf.mul(loss(outputs, partnerLabels), 1 - lambda));
    });
  return describeLoss(mixed, name, loss.reduction);
}

/** `lambda * row + (1 - lambda) * row of the partner`, into a new array. */
export function mixRows(rows: Float32Array, width: number, { lambda, partners }: MixupDraw): Float32Array {
  const mixed = new Float32Array(rows.length);
  const rest = 1 - lambda;
  for (let i = 0; i < partners.length; i++) {
    const own = i * width;
    const other = partners[i] * width;
    for (let k = 0; k < width; k++) mixed[own + k] = lambda * rows[own + k] + rest * rows[other + k];
  }
  return mixed;
}

function checkSize(size: number, partners: Int32Array): void {
  if (size !== partners.length)
    throw new InvalidArgumentError('labels', `must be those of the ${partners.length} mixed samples`, size);
}
