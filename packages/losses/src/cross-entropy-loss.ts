import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { type Loss, type LossOptions, smoothedTargets, softTargetLoss } from './loss.js';

/**
 * Options of {@link crossEntropyLoss}.
 *
 * @example
 * ```ts
 * import { crossEntropyLoss, type CrossEntropyLossOptions } from '@mnist-kit/losses';
 *
 * const options: CrossEntropyLossOptions = { labelSmoothing: 0.1, reduction: 'sum' };
 * const loss = crossEntropyLoss(options);
 * ```
 */
export interface CrossEntropyLossOptions extends LossOptions {
  /** Share of the target that is spread evenly over all classes, from 0 (default) to 1. */
  labelSmoothing?: number;
}

/**
 * Cross-entropy of logits, or log-probabilities, against labels
 * (https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html).
 *
 * @throws InvalidArgumentError when an option is out of range; called, when shapes do not fit or a label is out
 * of range.
 *
 * @example
 * ```ts
 * import { crossEntropyLoss } from '@mnist-kit/losses';
 *
 * const loss = crossEntropyLoss({ labelSmoothing: 0.1 });
 * ```
 */
export function crossEntropyLoss(options: CrossEntropyLossOptions = {}): Loss {
  checkOptionNames<CrossEntropyLossOptions>('crossEntropyLoss', options, {
    reduction: true,
    labelSmoothing: true,
  });
  const { reduction = 'mean', labelSmoothing = 0 } = options;
  checkShare('labelSmoothing', labelSmoothing);
  return softTargetLoss(
    'crossEntropyLoss',
    reduction,
    (labels, classes) => smoothedTargets(labels, classes, labelSmoothing),
    { labelSmoothing },
  );
}

/** A number from 0 to 1. */
export function checkShare(argument: string, value: number): void {
  if (!(value >= 0 && value <= 1))
    throw new InvalidArgumentError(argument, 'must be a number from 0 to 1', value);
}
