import type { Metric } from '@mnist-kit/trainer';

/**
 * Mean negative log-likelihood of log-probabilities: the loss that the notebook validates with, whatever it
 * trains on.
 */
export function nll(): Metric<number> {
  let sum = 0;
  let count = 0;
  return {
    reset() {
      sum = 0;
      count = 0;
    },
    update({ outputs, labels, size, classes }) {
      for (let i = 0; i < size; i++) sum -= outputs[i * classes + labels[i]];
      count += size;
    },
    compute: () => sum / count,
  };
}
