import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type { EagerExecutorOptions, ExecutorOptions, PredictorOptions } from './executor.js';

/** The most threads that may be asked for: a batch has no work for more. */
const THREAD_LIMIT = 256;

const vectorWidths: readonly unknown[] = ['auto', 128, 256];

const names = { engine: true, threads: true, reproducible: true, vectors: true, batchSize: true } as const;

/**
 * Checks the options that are the plan's.
 *
 * @throws InvalidArgumentError for one that does not exist or cannot work.
 */
export function checkPlanOptions(options: ExecutorOptions | undefined): void {
  checkOptionNames<ExecutorOptions>('createPlanExecutor', options, names);
  checkValues(options ?? {}, ['auto', 'plan']);
}

/**
 * Checks the options that eager takes, which are all there are.
 *
 * @throws InvalidArgumentError for one that does not exist or cannot work.
 */
export function checkEagerOptions(
  owner: string,
  options: EagerExecutorOptions | undefined,
  engines: readonly string[],
): void {
  checkOptionNames<EagerExecutorOptions>(owner, options, { ...names, backend: true, reason: true });
  checkValues(options ?? {}, engines);
  const { reason } = options ?? {};
  checkBackend(options?.backend);
  if (reason !== undefined && typeof reason !== 'string')
    throw new InvalidArgumentError('reason', 'must be a string', reason);
}

/**
 * Checks the options of a predictor.
 *
 * @throws InvalidArgumentError for one that does not exist or cannot work.
 */
export function checkPredictorOptions(options: PredictorOptions | undefined): void {
  checkOptionNames<PredictorOptions>('createPredictor', options, { ...names, backend: true });
  checkValues(options ?? {}, ['auto', 'plan', 'eager']);
  checkBackend(options?.backend);
}

function checkBackend(backend: unknown): void {
  if (backend !== undefined && (typeof backend !== 'string' || backend === ''))
    throw new InvalidArgumentError(
      'backend',
      "must be the name of a TensorFlow.js backend, or 'auto'",
      backend,
    );
}

function checkValues(options: ExecutorOptions, engines: readonly string[]): void {
  const { engine, threads, reproducible, vectors, batchSize } = options;
  if (engine !== undefined && !engines.includes(engine)) {
    const known = engines.map((name) => `'${name}'`);
    const list = [known.slice(0, -1).join(', '), ...known.slice(-1)]
      .filter((part) => part !== '')
      .join(' or ');
    throw new InvalidArgumentError('engine', `must be ${list}`, engine);
  }
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1 || threads > THREAD_LIMIT))
    throw new InvalidArgumentError('threads', `must be an integer from 1 to ${THREAD_LIMIT}`, threads);
  if (reproducible !== undefined && typeof reproducible !== 'boolean')
    throw new InvalidArgumentError('reproducible', 'must be true or false', reproducible);
  if (vectors !== undefined && !vectorWidths.includes(vectors))
    throw new InvalidArgumentError('vectors', "must be 'auto', 128 or 256", vectors);
  if (batchSize !== undefined && (!Number.isSafeInteger(batchSize) || batchSize < 1))
    throw new InvalidArgumentError('batchSize', 'must be a positive integer', batchSize);
}
