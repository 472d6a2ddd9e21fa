import { closedOptions, type NoOptions } from '../closed-options.js';
import { confusionMatrix } from './confusion-matrix.js';
import type { Metric } from './metric.js';

/**
 * Accuracy of each class (its recall), 0 to 1; `NaN` for a class that has no sample.
 *
 * @example
 * ```ts
 * import { perClassAccuracy } from '@mnist-kit/trainer';
 *
 * const metrics = { perClass: perClassAccuracy() }; // testPerClass: number[]
 * ```
 */
export function perClassAccuracy(options: NoOptions = {}): Metric<number[]> {
  closedOptions('perClassAccuracy', options, {});
  const matrix = confusionMatrix();
  return {
    reset: () => matrix.reset(),
    update: (batch) => matrix.update(batch),
    compute: () =>
      matrix.compute().map((row, label) => row[label] / row.reduce((sum, count) => sum + count, 0)),
  };
}
