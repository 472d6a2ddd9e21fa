import { InvalidArgumentError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkShare } from './cross-entropy-loss.js';
import { describeLoss, type Loss, type LossFunction, softTargetLoss } from './loss.js';

/**
 * How a batch was mixed.
 *
 * @example
 * ```ts
 * import { type MixupDraw, mixupLoss, nllLoss } from '@mnist-kit/losses';
 *
 * // Sample 0 is seven parts itself and three parts sample 1, and the other way round.
 * const draw: MixupDraw = { lambda: 0.7, partners: Int32Array.of(1, 0) };
 * const loss = mixupLoss(nllLoss(), draw);
 * ```
 */
export interface MixupDraw {
  /** Weight of the sample itself, 0 to 1; its partner has `1 - lambda`. */
  readonly lambda: number;
  /** For every sample, the position in the batch of the sample that is mixed into it. */
  readonly partners: Int32Array;
}

/** A {@link MixupDraw}, with partners in an array of any kind. */
type Mixed = Omit<MixupDraw, 'partners'> & { readonly partners: ArrayLike<number> };

/**
 * The loss of a batch that was mixed: `lambda * loss(outputs, labels) + (1 - lambda) * loss(outputs, labels of
 * the partners)`. The result is a loss like any other, to be called with the batch's own labels; where `loss`
 * has soft targets, it has their mixture, in which a label of weight 0 counts for nothing, infinite or not.
 *
 * @param loss A loss of this package, or a function of your own, which is a mean if its `reduction` does not say.
 * @param mixed How the batch was mixed: what `mixup` drew, or a weight and partners of your own.
 * @throws InvalidArgumentError when weight or partners are out of range; called, when the batch is not the one
 * that was mixed.
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
export function mixupLoss(loss: LossFunction, mixed: Mixed): Loss {
  if (mixed === null || typeof mixed !== 'object')
    throw new InvalidArgumentError('mixed', 'must be { lambda, partners }, as mixup draws them', mixed);
  const { lambda, partners } = mixed;
  if (typeof loss !== 'function')
    throw new InvalidArgumentError('loss', 'must be a function of outputs and labels', loss);
  checkShare('lambda', lambda);
  checkPartners(partners);
  const name = `mixup(${loss.name})`;
  const { reduction = 'mean', softTargets } = loss;
  if (softTargets !== undefined)
    return softTargetLoss(name, reduction, (labels, classes) => {
      checkSize(labels.length, partners);
      const rows = softTargets(labels, classes);
      return mixRows(rows, classes, { lambda, partners }, new Float32Array(rows.length));
    });
  const mean = (outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor =>
    tf.tidy(() => {
      checkSize(labels.shape[0], partners);
      const partnerLabels = tf.gather(labels, tf.tensor1d(Int32Array.from(partners), 'int32'));
      return tf.add(tf.mul(loss(outputs, labels), lambda), tf.mul(loss(outputs, partnerLabels), 1 - lambda));
    });
  return describeLoss(mean, name, reduction);
}

/** `lambda * row + (1 - lambda) * row of the partner`, written into another array. */
export function mixRows(
  rows: Float32Array,
  width: number,
  { lambda, partners }: Mixed,
  into: Float32Array,
): Float32Array {
  const rest = 1 - lambda;
  for (let i = 0; i < partners.length; i++) {
    const own = i * width;
    const other = partners[i] * width;
    for (let k = 0; k < width; k++) into[own + k] = lambda * rows[own + k] + rest * rows[other + k];
  }
  return into;
}

function checkPartners(partners: ArrayLike<number>): void {
  for (let i = 0; i < (partners?.length ?? 1); i++) {
    const partner = partners?.[i];
    if (!(Number.isInteger(partner) && partner >= 0 && partner < partners.length))
      throw new InvalidArgumentError('partners', 'must give every sample a position in the batch', partner);
  }
}

function checkSize(size: number, partners: ArrayLike<number>): void {
  if (size !== partners.length)
    throw new InvalidArgumentError('labels', `must be those of the ${partners.length} mixed samples`, size);
}
