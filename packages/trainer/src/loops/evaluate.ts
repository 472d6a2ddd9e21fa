import { DataError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { isPromise } from '../callbacks/dispatcher.js';
import { checkBatch, checkPixels } from '../check-batch.js';
import type { LoaderLike } from '../contracts/parts.js';
import { Breather } from '../event-loop.js';
import type { LossRunner } from '../loss.js';
import { metricKey } from '../metrics/measured.js';
import { argmaxRows, type Metrics, type MetricValue } from '../metrics/metric.js';
import { Meter } from './meter.js';

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
}

/** Measures a loader in inference mode; `undefined` when it was stopped half-way. */
export async function evaluate(options: EvaluateOptions): Promise<Record<string, MetricValue> | undefined> {
  const { executor, loader, prefix, loss, metrics, limit = Infinity, stopped } = options;
  const { classes } = executor;
  const accumulators = Object.values(metrics);
  for (const metric of accumulators) metric.reset();
  const meter = new Meter();
  const breather = new Breather();
  let predictions = new Int32Array(0);
  const iterator = loader[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (let done = 0; done < limit; done++) {
      if (stopped?.()) return undefined;
      const next = await iterator.next();
      if (next.done) {
        finished = true;
        break;
      }
      const batch = next.value;
      checkBatch(batch, executor);
      if (done === 0) checkPixels(batch);
      const { size } = batch;
      if (done + 1 < limit) iterator.prefetch?.();
      const answer = executor.predict(batch.images, size);
      const outputs = isPromise(answer) ? await answer : answer;
      if (predictions.length < size) predictions = new Int32Array(size);
      argmaxRows(outputs, size, classes, predictions);
      let hits = 0;
      for (let i = 0; i < size; i++) if (predictions[i] === batch.labels[i]) hits++;
      meter.add(loss?.evaluate(outputs, exactly(batch.labels, size), size) ?? 0, hits, size);
      for (const metric of accumulators)
        metric.update({ outputs, labels: batch.labels, predictions, size, classes });
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
  for (const [name, metric] of Object.entries(metrics)) result[metricKey(prefix, name)] = metric.compute();
  return result;
}

/** Loaders may hand out a longer, reused array for the last batch. */
export function exactly(labels: Int32Array, size: number): Int32Array {
  return labels.length === size ? labels : labels.subarray(0, size);
}
