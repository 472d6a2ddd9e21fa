import { InvalidArgumentError } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Metric, MetricBatch } from './metric.js';

/**
 * Options of {@link topKAccuracy}.
 *
 * @example
 * ```ts
 * import { topKAccuracy, type TopKAccuracyOptions } from '@mnist-kit/trainer';
 *
 * const options: TopKAccuracyOptions = { k: 3 };
 * const metric = topKAccuracy(options);
 * ```
 */
export interface TopKAccuracyOptions {
  /** How many of the largest outputs count as a hit. Default 5. */
  k?: number;
}

/**
 * Share of samples whose true class is among the `k` largest outputs, 0 to 1.
 *
 * Equal outputs are ranked by class index, as in `argmax`.
 *
 * @throws InvalidArgumentError if `k` is not a positive integer or, at the first batch, above the number of
 * classes.
 * @example
 * ```ts
 * import { topKAccuracy } from '@mnist-kit/trainer';
 *
 * const metrics = { top3: topKAccuracy({ k: 3 }) }; // valTop3, testTop3
 * ```
 */
export function topKAccuracy(options: TopKAccuracyOptions = {}): Metric<number> {
  const { k = 5 } = closedOptions('topKAccuracy', options, { k: true });
  if (!Number.isInteger(k) || k < 1) throw new InvalidArgumentError('k', 'must be a positive integer', k);
  let hits = 0;
  let count = 0;
  return {
    better: 'higher',
    settings: { k },
    reset() {
      hits = 0;
      count = 0;
    },
    update({ outputs, labels, size, classes }: MetricBatch) {
      if (k > classes)
        throw new InvalidArgumentError('k', `must be at most the number of classes, which is ${classes}`, k);
      for (let i = 0; i < size; i++) {
        const row = i * classes;
        const label = labels[i];
        const value = outputs[row + label];
        let ahead = 0;
        for (let c = 0; c < classes; c++) {
          const other = outputs[row + c];
          if (other > value || (other === value && c < label)) ahead++;
        }
        if (ahead < k) hits++;
      }
      count += size;
    },
    compute: () => hits / count,
  };
}
