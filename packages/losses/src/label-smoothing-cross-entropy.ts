import { checkOptionNames } from '@mnist-kit/core';
import { checkShare } from './cross-entropy-loss.js';
import { type Loss, type LossOptions, smoothedTargets, softTargetLoss } from './loss.js';

/**
 * Options of {@link labelSmoothingCrossEntropy}.
 *
 * @example
 * ```ts
 * import { labelSmoothingCrossEntropy, type LabelSmoothingCrossEntropyOptions } from '@mnist-kit/losses';
 *
 * const options: LabelSmoothingCrossEntropyOptions = { smoothing: 0.1 };
 * const loss = labelSmoothingCrossEntropy(options);
 * ```
 */
export interface LabelSmoothingCrossEntropyOptions extends LossOptions {
  /** Share of the target that is spread evenly over all classes, the right one included; default 0.1. */
  smoothing?: number;
}

/**
 * Cross-entropy with smoothed labels: the target is `1 - smoothing` at the label plus `smoothing / classes`
 * everywhere (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567, section 7). Takes logits or
 * log-probabilities.
 *
 * @throws InvalidArgumentError when an option is out of range; called, when shapes do not fit or a label is out
 * of range.
 *
 * @example
 * ```ts
 * import { labelSmoothingCrossEntropy } from '@mnist-kit/losses';
 *
 * const loss = labelSmoothingCrossEntropy({ smoothing: 0.1 });
 * ```
 */
export function labelSmoothingCrossEntropy(options: LabelSmoothingCrossEntropyOptions = {}): Loss {
  checkOptionNames<LabelSmoothingCrossEntropyOptions>('labelSmoothingCrossEntropy', options, {
    reduction: true,
    smoothing: true,
  });
  const { reduction = 'mean', smoothing = 0.1 } = options;
  checkShare('smoothing', smoothing);
  return softTargetLoss(
    'labelSmoothingCrossEntropy',
    reduction,
    (labels, classes) => smoothedTargets(labels, classes, smoothing),
    { smoothing },
  );
}
