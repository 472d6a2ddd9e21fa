import { InvalidArgumentError } from '@mnist-kit/core';
import type { Dispatcher } from './callbacks/dispatcher.js';
import type { LoaderLike } from './contracts/parts.js';
import { evaluate } from './loops/evaluate.js';
import { resolveLimit } from './loops/limits.js';
import type { LossRunner } from './loss.js';
import type { Metrics, MetricValue } from './metrics/metric.js';
import type { RunState } from './run-state.js';
import { generatorStates, type StatefulParts, setGenerators } from './state/capture.js';

/** What validation needs of a fit. */
interface ValidationParts {
  readonly run: RunState;
  readonly callbacks: Dispatcher;
  readonly loss: LossRunner;
  readonly metrics: Metrics;
  readonly loaders: Readonly<Record<string, LoaderLike>>;
  readonly limit: number | undefined;
  /** Every so many epochs or, below 1, every such fraction of one. */
  readonly every: number;
  readonly stateful: StatefulParts;
}

/** Measures the validation loaders of a fit, after epochs and inside them. */
export class Validation {
  readonly #parts: ValidationParts;
  /** Batches between validations inside an epoch. */
  readonly #interval: number | undefined;

  constructor(parts: ValidationParts) {
    this.#parts = parts;
    const { every, run, loaders } = parts;
    if (every >= 1 || Object.keys(loaders).length === 0) return;
    if (run.batchesPerEpoch === undefined)
      throw new InvalidArgumentError(
        'valEvery',
        'must be a number of epochs for a training loader without a length',
        every,
      );
    this.#interval = Math.max(1, Math.floor(run.batchesPerEpoch * every));
  }

  /** Validates where it is due inside the epoch; answers whether it was done to the end. */
  between(): Promise<boolean> | undefined {
    const { run } = this.#parts;
    if (this.#interval === undefined || run.batch >= (run.batchesPerEpoch ?? 0)) return undefined;
    // With accumulated gradients the batch that is due may lie inside an update: then after it.
    const passed = (batch: number) => Math.floor(batch / this.#interval!);
    if (passed(run.batch) === passed(run.validatedAt)) return undefined;
    return this.#measure().then((results) => {
      if (results === undefined) return false;
      const { epoch, batch, step, history } = run;
      history.appendValidation({ epoch, batch, step, ...results });
      run.validatedAt = batch;
      run.safe = true;
      return true;
    });
  }

  /** Results of every loader after an epoch; `undefined` when it was cut short. */
  async afterEpoch(): Promise<Record<string, MetricValue> | undefined> {
    const { run, every } = this.#parts;
    if (every > 1 && run.epoch % every !== 0 && run.epoch < run.epochs) return {};
    return this.#measure();
  }

  /** Runs a few batches, without a trace, to find mistakes before training. */
  async sanityCheck(batches: number): Promise<void> {
    const { run, loss, metrics, loaders, stateful } = this.#parts;
    const before = generatorStates(stateful);
    for (const [name, loader] of Object.entries(loaders))
      await evaluate({ executor: run.executor, loader, prefix: name, loss, metrics, limit: batches });
    setGenerators(stateful, before);
  }

  async #measure(): Promise<Record<string, MetricValue> | undefined> {
    const { run, callbacks, loss, metrics, loaders, limit, stateful } = this.#parts;
    const results: Record<string, MetricValue> = {};
    const before = generatorStates(stateful);
    run.safe = false;
    for (const [name, loader] of Object.entries(loaders)) {
      await callbacks.emit('onValidationStart', name);
      const result = await evaluate({
        ...{ executor: run.executor, loader, prefix: name, loss, metrics },
        limit: resolveLimit('limitValBatches', limit, loader),
        stopped: () => run.interrupted,
        afterBatch: () => callbacks.emit('onValidationBatchEnd', name),
      });
      if (result === undefined) {
        await callbacks.emit('onValidationCancel', name);
        setGenerators(stateful, before);
        run.safe = true;
        return undefined;
      }
      await callbacks.emit('onValidationEnd', result, name);
      Object.assign(results, result);
    }
    return results;
  }
}
