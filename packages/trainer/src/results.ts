import type { Metric, Metrics } from './metrics/metric.js';

/**
 * What `validate` and `test` return: `valLoss`, `valAccuracy` and, for a metric `top3`, `valTop3`.
 *
 * @example
 * ```ts
 * import type { Metric, Results } from '@mnist-kit/trainer';
 *
 * type Top = { top3: Metric<number> };
 * const results: Results<'test', Top> = { testLoss: 0.1, testAccuracy: 0.97, testTop3: 0.998 };
 * ```
 */
export type Results<Prefix extends string, M extends Metrics> = {
  [K in `${Prefix}Loss` | `${Prefix}Accuracy`]: number;
} & {
  [K in keyof M & string as `${Prefix}${Capitalize<K>}`]: M[K] extends Metric<infer T> ? T : never;
};
