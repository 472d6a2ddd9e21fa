import { type Generator, InvalidArgumentError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import type { LoaderLike, OptimizerLike } from './contracts/parts.js';
import { measuredNumbers } from './metrics/measured.js';
import type { Metrics } from './metrics/metric.js';

/** Refuses something that lacks methods of a contract. */
export function checkMethods(argument: string, value: unknown, methods: readonly string[], hint = ''): void {
  const has = (name: string) => typeof (value as Record<string, unknown> | null)?.[name] === 'function';
  const missing = value === undefined ? methods[0] : methods.find((name) => !has(name));
  if (missing !== undefined)
    throw new InvalidArgumentError(argument, `must have a \`${missing}\` method${hint}`, value);
}

/** @throws InvalidArgumentError for something that cannot train. */
export function checkOptimizer(optimizer: OptimizerLike): void {
  checkMethods('optimizer', optimizer, ['step', 'state', 'loadState']);
  if (typeof optimizer.lr !== 'number')
    throw new InvalidArgumentError('optimizer.lr', 'must be a number', optimizer.lr);
}

/** @throws InvalidArgumentError for something that random numbers cannot be drawn from. */
export function checkGenerator(generator: Generator): void {
  checkMethods(
    'generator',
    generator,
    ['randomUint32', 'randperm', 'state', 'setState'],
    ', as new Generator(1) has',
  );
}

/** @throws InvalidArgumentError for something that does not run models. */
export function checkExecutor(executor: Executor): void {
  const methods = ['drawMasks', 'trainStep', 'parametersChanged', 'predict', 'readWeights', 'writeWeights'];
  const hint = executor instanceof Promise ? ': await createExecutor(model)' : ', as an Executor has';
  checkMethods('executor', executor, [...methods, 'syncModel', 'dispose'], hint);
}

/** @throws InvalidArgumentError for metrics that do not measure, or that would replace another result. */
export function checkMetrics(metrics: Metrics): void {
  if (metrics === null || typeof metrics !== 'object' || Array.isArray(metrics))
    throw new InvalidArgumentError(
      'metrics',
      'must be metrics by name, such as { top3: topKAccuracy({ k: 3 }) }',
      metrics,
    );
  const seen = new Map<unknown, string>();
  for (const [name, metric] of Object.entries(metrics)) {
    const argument = `metrics.${name}`;
    if (name === '') throw new InvalidArgumentError('metrics', 'must have names', name);
    const hint = typeof metric === 'function' ? ': call it, as topKAccuracy({ k: 3 })' : ', as a Metric has';
    checkMethods(argument, metric, ['reset', 'update', 'compute'], hint);
    if (metric.better !== undefined && metric.better !== 'higher' && metric.better !== 'lower')
      throw new InvalidArgumentError(`${argument}.better`, "must be 'higher' or 'lower'", metric.better);
    if (seen.has(metric))
      throw new InvalidArgumentError(
        argument,
        `must be a metric of its own: ${seen.get(metric)} is the same one, which would count every batch twice`,
        metric,
      );
    seen.set(metric, name);
  }
  // Whatever a loader is called, its loss and accuracy stand beside its metrics.
  measuredNumbers(['val'], metrics);
}

/** @throws InvalidArgumentError for something that yields no batches. */
export function checkLoader(loader: LoaderLike, argument: string, or = ''): void {
  if (typeof loader?.[Symbol.asyncIterator] !== 'function')
    throw new InvalidArgumentError(
      argument,
      `must be a DataLoader or another async iterable of batches${or}`,
      loader,
    );
  for (const name of ['length', 'batchSize'] as const) {
    const value = loader[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new InvalidArgumentError(`${argument}.${name}`, 'must be a number of batches or samples', value);
  }
}
