import { DataError, InvalidArgumentError, type MaybePromise } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { isPromise } from '../callbacks/dispatcher.js';
import { checkBatch } from '../check-batch.js';
import type { LoaderLike } from '../contracts/parts.js';
import { Breather } from '../event-loop.js';
import type { LossRunner } from '../loss.js';
import { metricKey } from '../metrics/measured.js';
import { argmaxRows, type Metric, type Metrics, type MetricValue } from '../metrics/metric.js';
import { Meter } from './meter.js';
import { checkAnswer, openLoader } from './open-loader.js';

/** What one pass over a loader in inference mode needs. */
interface EvaluateOptions {
  readonly executor: Executor;
  readonly loader: LoaderLike;
  /** Start of every key in the result: `val` gives `valLoss`. */
  readonly prefix: string;
  /** Absent where only accuracy and metrics are wanted. */
  readonly loss?: LossRunner;
  readonly metrics: Metrics;
  /** Most batches to look at. */
  readonly limit?: number;
  /** Ends the pass early when it answers true. */
  readonly stopped?: () => boolean;
  readonly afterBatch?: () => MaybePromise<void>;
}

/** Measures a loader in inference mode; `undefined` when it was stopped half-way. */
export async function evaluate(options: EvaluateOptions): Promise<Record<string, MetricValue> | undefined> {
  const { executor, loader, prefix, loss, metrics, limit = Infinity, stopped, afterBatch } = options;
  const { classes } = executor;
  const entries = Object.entries(metrics);
  for (const [, metric] of entries) metric.reset();
  const meter = new Meter();
  const breather = new Breather();
  let predictions = new Int32Array(0);
  const iterator = openLoader(loader);
  let finished = false;
  try {
    for (let done = 0; done < limit; done++) {
      if (stopped?.()) return undefined;
      const next = await iterator.next();
      checkAnswer(next);
      if (next.done) {
        finished = true;
        break;
      }
      const batch = next.value;
      checkBatch(batch, executor, done + 1);
      const { size } = batch;
      if (done + 1 < limit) iterator.prefetch?.();
      const answer = executor.predict(batch.images, size);
      const outputs = isPromise(answer) ? await answer : answer;
      if (predictions.length < size) predictions = new Int32Array(size);
      argmaxRows(outputs, size, classes, predictions);
      let hits = 0;
      for (let i = 0; i < size; i++) if (predictions[i] === batch.labels[i]) hits++;
      meter.add(loss?.evaluate(outputs, exactly(batch.labels, size), size) ?? 0, hits, size);
      for (const [name, metric] of entries) {
        const pending: unknown = metric.update({ outputs, labels: batch.labels, predictions, size, classes });
        if (isPromise(pending)) throw new InvalidArgumentError(`metrics.${name}.update`, noPromise, pending);
      }
      const hook = afterBatch?.();
      if (isPromise(hook)) await hook;
      const breath = breather.breathe();
      if (breath !== undefined) await breath;
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
  if (meter.count === 0)
    throw new DataError(`The ${prefix} loader yielded no batch; check its data set and dropLast`);
  const result: Record<string, MetricValue> = {};
  if (loss !== undefined) result[`${prefix}Loss`] = meter.loss;
  result[`${prefix}Accuracy`] = meter.accuracy;
  for (const [name, metric] of entries) {
    const value = metric.compute();
    checkValue(value, metric, name);
    result[metricKey(prefix, name)] = value;
  }
  return result;
}

const noPromise = 'must not be asynchronous: the arrays of a batch are used again';

/** Refuses a metric's value that is none, and one that cannot be better or worse though its metric says which. */
function checkValue(value: MetricValue, { better }: Metric, name: string): void {
  if (typeof value === 'number') return;
  if (better !== undefined)
    throw new InvalidArgumentError(
      `metrics.${name}.better`,
      'must be left out for a metric that does not compute a single number',
      better,
    );
  const isList = (list: unknown) => Array.isArray(list) && list.every((item) => typeof item === 'number');
  if (!isList(value) && !(Array.isArray(value) && value.every(isList)))
    throw new InvalidArgumentError(
      `metrics.${name}`,
      'must compute a number, a list of numbers or a list of such lists',
      value,
    );
}

/** Loaders may hand out a longer, reused array for the last batch. */
export function exactly(labels: Int32Array, size: number): Int32Array {
  return labels.length === size ? labels : labels.subarray(0, size);
}
