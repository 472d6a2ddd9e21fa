import { checkOptionNames } from '@mnist-kit/core';
import { type Loss, type LossOptions, smoothedTargets, softTargetLoss } from './loss.js';

/**
 * Negative log-likelihood of the labels, for models that end in a log-softmax
 * (https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html). It takes logits as well, because a
 * log-softmax changes nothing when it is applied again; {@link crossEntropyLoss} is the same function.
 *
 * @throws InvalidArgumentError when `reduction` or another option is unknown; called, when shapes do not fit or a label is out of
 * range.
 *
 * @example
 * ```ts
 * import { nllLoss } from '@mnist-kit/losses';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const loss = nllLoss();
 * const outputs = tf.tensor2d([[2, 0, 1]]);
 * const labels = tf.tensor1d([0], 'int32');
 * const gradient = tf.grad((x) => loss(x as tf.Tensor2D, labels))(outputs);
 * ```
 */
export function nllLoss(options: LossOptions = {}): Loss {
  checkOptionNames<LossOptions>('nllLoss', options, { reduction: true });
  const { reduction = 'mean' } = options;
  return softTargetLoss('nllLoss', reduction, (labels, classes) => smoothedTargets(labels, classes, 0));
}
