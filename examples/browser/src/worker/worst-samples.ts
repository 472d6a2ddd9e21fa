import type { Metric } from '@mnist-kit/trainer';

/** One of the samples that the net is most wrong about. */
export interface WorstSample {
  /** In the order of the validation loader. */
  readonly position: number;
  readonly label: number;
  readonly prediction: number;
  /** Probability that the net gives to the right class, 0 to 1. */
  readonly right: number;
  /** Probability that it gives to its own answer. */
  readonly answer: number;
}

/** The wrong answers with the least probability of the right class, worst first, as rows of numbers. */
export function worstSamples(count: number): Metric<number[][]> {
  let rows: number[][] = [];
  let position = 0;
  return {
    reset() {
      rows = [];
      position = 0;
    },
    update({ outputs, labels, predictions, size, classes }) {
      for (let i = 0; i < size; i++, position++) {
        if (predictions[i] === labels[i]) continue;
        const row = outputs.subarray(i * classes, (i + 1) * classes);
        const largest = row[predictions[i]];
        const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
        const right = Math.exp(row[labels[i]] - largest) / sum;
        rows.push([position, labels[i], predictions[i], right, 1 / sum]);
      }
      if (rows.length > 8 * count) rows = worst(rows, count);
    },
    compute: () => worst(rows, count),
  };
}

function worst(rows: number[][], count: number): number[][] {
  return [...rows].sort((a, b) => a[3] - b[3]).slice(0, count);
}

/** A row of {@link worstSamples} by name. */
export function toWorstSample([position, label, prediction, right, answer]: readonly number[]): WorstSample {
  return { position, label, prediction, right, answer };
}
