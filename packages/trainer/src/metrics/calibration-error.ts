import { InvalidArgumentError, ModelError } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Metric, MetricBatch } from './metric.js';
import { softmaxOfLargest } from './softmax.js';

/**
 * Options of {@link calibrationError}.
 *
 * @example
 * ```ts
 * import { calibrationError, type CalibrationErrorOptions } from '@mnist-kit/trainer';
 *
 * const options: CalibrationErrorOptions = { bins: 10 };
 * const metric = calibrationError(options);
 * ```
 */
export interface CalibrationErrorOptions {
  /** Equally wide confidence bins between 0 and 1. Default 15. */
  bins?: number;
}

/**
 * Expected calibration error: how far the model's confidence is from its accuracy, 0 to 1.
 *
 * `sum over bins of |bin| / n * |accuracy(bin) - confidence(bin)|`, where a sample's confidence is the softmax
 * of its largest output. Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
 *
 * @throws InvalidArgumentError if `bins` is not a positive integer; ModelError for a model that ends in probabilities,
 * whose softmax would be no confidence: it takes logits or log-probabilities.
 * @example
 * ```ts
 * import { calibrationError } from '@mnist-kit/trainer';
 *
 * const metrics = { calibrationError: calibrationError({ bins: 10 }) }; // testCalibrationError
 * ```
 */
export function calibrationError(options: CalibrationErrorOptions = {}): Metric<number> {
  const { bins = 15 } = closedOptions('calibrationError', options, { bins: true });
  if (!Number.isInteger(bins) || bins < 1)
    throw new InvalidArgumentError('bins', 'must be a positive integer', bins);
  const confidence = new Float64Array(bins);
  const correct = new Float64Array(bins);
  let count = 0;
  return {
    better: 'lower',
    settings: { bins },
    reset() {
      confidence.fill(0);
      correct.fill(0);
      count = 0;
    },
    update({ outputs, labels, predictions, size, classes }: MetricBatch) {
      if (areProbabilities(outputs, size, classes))
        throw new ModelError(
          'calibrationError takes logits or log-probabilities, and the model gives probabilities: end it in logSoftmax, or leave the softmax out',
        );
      for (let i = 0; i < size; i++) {
        const p = softmaxOfLargest(outputs, i * classes, classes);
        // Bins are half open on the left, (0, 1/bins], as in the paper.
        const bin = Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1));
        confidence[bin] += p;
        if (predictions[i] === labels[i]) correct[bin]++;
      }
      count += size;
    },
    compute() {
      let gap = 0;
      for (let b = 0; b < bins; b++) gap += Math.abs(correct[b] - confidence[b]);
      return gap / count;
    },
  };
}

/** Whether every row is a distribution, as no few rows of logits are by chance. */
function areProbabilities(outputs: Float32Array, size: number, classes: number): boolean {
  if (size < 2) return false;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const value = outputs[i * classes + c];
      if (!(value >= 0)) return false;
      sum += value;
    }
    if (Math.abs(sum - 1) > 1e-4) return false;
  }
  return true;
}
