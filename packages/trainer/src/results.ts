import type { Metric, Metrics } from './metrics/metric.js';

/** What `validate` and `test` return: `valLoss`, `valAccuracy` and, for a metric `top3`, `valTop3`. */
export type Results<Prefix extends string, M extends Metrics> = {
  [K in `${Prefix}Loss` | `${Prefix}Accuracy`]: number;
} & {
  [K in keyof M & string as `${Prefix}${Capitalize<K>}`]: M[K] extends Metric<infer T> ? T : never;
};
