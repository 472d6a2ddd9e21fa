import { exp, log } from './exponential.js';

/**
 * Log-probabilities of one row, without overflow: `x - max - log(sum(exp(x - max)))`
 * (https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html). An output of -inf has the log-probability
 * -inf; a row with NaN or +inf, or with nothing but -inf, becomes NaN, as in PyTorch.
 *
 * @param outputs Rows of `classes` values, one after another.
 * @param start Where the row starts.
 * @param into Written: the row's `classes` log-probabilities.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * const logProbabilities = new Float64Array(2);
 * math.logSoftmaxRow(Float32Array.of(3, 3), 0, 2, logProbabilities); // [-0.6931…, -0.6931…]
 * ```
 */
export function logSoftmaxRow(
  outputs: Float32Array,
  start: number,
  classes: number,
  into: Float64Array,
): void {
  let top = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) if (outputs[start + c] > top) top = outputs[start + c];
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += exp(outputs[start + c] - top);
  const logSum = log(sum);
  for (let c = 0; c < classes; c++) into[c] = outputs[start + c] - top - logSum;
}

/**
 * Options of {@link softTargetCrossEntropy}.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * const options: math.SoftTargetCrossEntropyOptions = { size: 1, classes: 2 };
 * const loss = math.softTargetCrossEntropy(Float32Array.of(3, 3), Float32Array.of(1, 0), options); // 0.693…
 * ```
 */
export interface SoftTargetCrossEntropyOptions {
  /** Number of rows. */
  size: number;
  /** Width of a row. */
  classes: number;
  /** What loss and gradient are multiplied by: `1 / size` for the mean over the rows. Default 1, the sum. */
  scale?: number;
  /** Written, where given: the gradient with respect to the outputs, `size x classes`. */
  gradient?: Float32Array;
}

/**
 * Cross-entropy of outputs against a distribution per row, `scale * sum(-q * log_softmax(x))`, and its gradient
 * `scale * (softmax(x) * sum(q) - q)`. A class whose target is 0 counts for nothing, even where its output is
 * -inf: then this is what PyTorch's `nll_loss` and `cross_entropy` give for labels.
 *
 * @param outputs Logits or log-probabilities, `size x classes`: log-softmax changes nothing when it is applied
 * again.
 * @param targets The distributions, `size x classes`.
 * @returns The loss.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * const outputs = Float32Array.of(3, 3, -Infinity);
 * const targets = Float32Array.of(1, 0, 0);
 * const gradient = new Float32Array(3);
 * math.softTargetCrossEntropy(outputs, targets, { size: 1, classes: 3, gradient }); // 0.6931…
 * gradient; // [-0.5, 0.5, 0]
 * ```
 */
export function softTargetCrossEntropy(
  outputs: Float32Array,
  targets: Float32Array,
  { size, classes, scale = 1, gradient }: SoftTargetCrossEntropyOptions,
): number {
  const logProbabilities = new Float64Array(classes);
  let loss = 0;
  for (let start = 0; start < size * classes; start += classes) {
    logSoftmaxRow(outputs, start, classes, logProbabilities);
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const q = targets[start + c];
      total += q;
      if (q !== 0) loss -= q * logProbabilities[c];
    }
    if (gradient === undefined) continue;
    for (let c = 0; c < classes; c++)
      gradient[start + c] = scale * (exp(logProbabilities[c]) * total - targets[start + c]);
  }
  return loss * scale;
}
