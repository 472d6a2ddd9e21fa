import { closedOptions, type NoOptions } from '../closed-options.js';
import type { Metric, MetricBatch } from './metric.js';

/**
 * Share of samples whose largest output is the true class, 0 to 1.
 *
 * The Trainer always reports it; use this to measure outputs of your own.
 *
 * @example
 * ```ts
 * import { accuracy } from '@mnist-kit/trainer';
 *
 * const metric = accuracy();
 * metric.update({
 *   outputs: new Float32Array([0.1, 0.9]),
 *   labels: new Int32Array([1]),
 *   predictions: new Int32Array([1]),
 *   size: 1,
 *   classes: 2,
 * });
 * console.log(metric.compute()); // 1
 * ```
 */
export function accuracy(options: NoOptions = {}): Metric<number> {
  closedOptions('accuracy', options, {});
  let correct = 0;
  let count = 0;
  return {
    better: 'higher',
    reset() {
      correct = 0;
      count = 0;
    },
    update({ predictions, labels, size }: MetricBatch) {
      for (let i = 0; i < size; i++) if (predictions[i] === labels[i]) correct++;
      count += size;
    },
    compute: () => correct / count,
  };
}
