import { closedOptions, type NoOptions } from '../closed-options.js';
import type { Metric, MetricBatch } from './metric.js';

/**
 * How many samples of each true class were given each class: `matrix[label][prediction]`.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from '@mnist-kit/trainer';
 *
 * const metrics = { confusion: confusionMatrix() }; // testConfusion: number[][]
 * ```
 */
export function confusionMatrix(options: NoOptions = {}): Metric<number[][]> {
  closedOptions('confusionMatrix', options, {});
  let classes = 0;
  let counts = new Float64Array(0);
  return {
    reset() {
      counts.fill(0);
    },
    update(batch: MetricBatch) {
      if (batch.classes !== classes) {
        classes = batch.classes;
        counts = new Float64Array(classes * classes);
      }
      for (let i = 0; i < batch.size; i++) counts[batch.labels[i] * classes + batch.predictions[i]]++;
    },
    compute: () =>
      Array.from({ length: classes }, (_, label) =>
        Array.from(counts.subarray(label * classes, (label + 1) * classes)),
      ),
  };
}
