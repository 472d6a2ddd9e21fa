import type { Described } from '../contracts/parts.js';

/**
 * One evaluated batch as metrics see it. The arrays are reused: copy what must live longer.
 *
 * @example
 * ```ts
 * import { accuracy, type MetricBatch } from '@mnist-kit/trainer';
 *
 * const batch: MetricBatch = {
 *   outputs: Float32Array.of(0.1, 0.9),
 *   labels: Int32Array.of(1),
 *   predictions: Int32Array.of(1),
 *   size: 1,
 *   classes: 2,
 * };
 * const metric = accuracy();
 * metric.update(batch);
 * ```
 */
export interface MetricBatch {
  /** The model's outputs (log-probabilities or logits), `size x classes`, row-major. */
  readonly outputs: Float32Array;
  /** True class of each sample, `size`. */
  readonly labels: Int32Array;
  /** Class with the largest output of each sample, `size`. */
  readonly predictions: Int32Array;
  readonly size: number;
  readonly classes: number;
}

/**
 * Which way a number is better.
 *
 * @example
 * ```ts
 * import type { Better } from '@mnist-kit/trainer';
 *
 * const better: Better = 'lower';
 * ```
 */
export type Better = 'higher' | 'lower';

/**
 * What a metric may compute: a number, one per class, or a table.
 *
 * @example
 * ```ts
 * import type { MetricValue } from '@mnist-kit/trainer';
 *
 * const perClass: MetricValue = [0.99, 0.97, 0.98];
 * ```
 */
export type MetricValue = number | readonly number[] | readonly (readonly number[])[];

/**
 * Something measured over a pass of a validation or test loader.
 *
 * @example
 * ```ts
 * import type { Metric } from '@mnist-kit/trainer';
 *
 * class ErrorCount implements Metric<number> {
 *   readonly better = 'lower';
 *   #errors = 0;
 *   reset() {
 *     this.#errors = 0;
 *   }
 *   update({ predictions, labels, size }: { predictions: Int32Array; labels: Int32Array; size: number }) {
 *     for (let i = 0; i < size; i++) if (predictions[i] !== labels[i]) this.#errors++;
 *   }
 *   compute() {
 *     return this.#errors;
 *   }
 * }
 * ```
 */
export interface Metric<T extends MetricValue = MetricValue> extends Described {
  /**
   * Which way its value is better. Callbacks and schedulers that monitor it, and `history.best`, go by it; for a
   * metric that does not say, they need a `mode`. Lists and tables have no better or worse.
   */
  readonly better?: Better;
  /** Forgets everything; called before each pass. */
  reset(): void;
  /** Takes one batch in. */
  update(batch: MetricBatch): void;
  /** The value over all batches since `reset`. */
  compute(): T;
}

/**
 * Metrics by name; `top3` appears in results as `valTop3` and `testTop3`.
 *
 * @example
 * ```ts
 * import { type Metrics, perClassAccuracy, topKAccuracy } from '@mnist-kit/trainer';
 *
 * const metrics: Metrics = { top3: topKAccuracy({ k: 3 }), perClass: perClassAccuracy() };
 * ```
 */
export type Metrics = Readonly<Record<string, Metric>>;

/** Writes the class with the largest output of each row into `into`; the first one wins a tie. */
export function argmaxRows(outputs: Float32Array, size: number, classes: number, into: Int32Array): void {
  for (let i = 0, at = 0; i < size; i++, at += classes) {
    let best = 0;
    let value = outputs[at];
    for (let c = 1; c < classes; c++) {
      if (outputs[at + c] > value) {
        value = outputs[at + c];
        best = c;
      }
    }
    into[i] = best;
  }
}
