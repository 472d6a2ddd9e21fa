import { InvalidArgumentError, type Settings } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import { setLearningRate } from '../set-learning-rate.js';

/**
 * Options of {@link StochasticWeightAveraging}.
 *
 * @example
 * ```ts
 * import { StochasticWeightAveraging, type StochasticWeightAveragingOptions } from '@mnist-kit/trainer';
 *
 * const options: StochasticWeightAveragingOptions = { start: 0.75, lr: 1e-3 };
 * const callbacks = [new StochasticWeightAveraging(options)];
 * ```
 */
export interface StochasticWeightAveragingOptions {
  /** First epoch whose weights are averaged: its number, or a fraction of all epochs. Default 0.75. */
  start?: number;
  /**
   * Learning rate from that epoch on, whatever the scheduler says; parameter groups keep their proportion to it.
   * Default: the scheduler's.
   */
  lr?: number;
}

interface State {
  count: number;
  averages: Float32Array[];
}

/**
 * Averages the parameters that the last epochs ended with, puts the average into the model when the fit ends,
 * and measures the batch-norm statistics anew with one pass over the training loader.
 *
 * Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018,
 * https://arxiv.org/abs/1803.05407. A fit that was interrupted keeps its own weights.
 *
 * @throws InvalidArgumentError for options out of range.
 * @example
 * ```ts
 * import { StochasticWeightAveraging } from '@mnist-kit/trainer';
 *
 * const callbacks = [new StochasticWeightAveraging({ start: 0.8, lr: 5e-4 })];
 * ```
 */
export class StochasticWeightAveraging implements Callback {
  readonly name = 'StochasticWeightAveraging';
  readonly #start: number;
  readonly #lr: number | undefined;
  #state: State = { count: 0, averages: [] };

  constructor(options: StochasticWeightAveragingOptions = {}) {
    const names = { start: true, lr: true } as const;
    const { start = 0.75, lr } = closedOptions('StochasticWeightAveraging', options, names);
    if (!(start > 0) || (start >= 1 && !Number.isInteger(start)))
      throw new InvalidArgumentError(
        'start',
        'must be an epoch number, or a fraction between 0 and 1',
        start,
      );
    if (lr !== undefined && !(lr >= 0)) throw new InvalidArgumentError('lr', 'must be 0 or more', lr);
    this.#start = start;
    this.#lr = lr;
  }

  /** How the average was set. */
  get settings(): Settings {
    return { start: this.#start, lr: this.#lr };
  }

  onFitStart({ step }: Run): void {
    if (step === 0) this.#state = { count: 0, averages: [] };
  }

  onBeforeOptimizerStep(run: Run): void {
    if (this.#lr !== undefined && this.#averages(run)) setLearningRate(run.optimizer, this.#lr);
  }

  onEpochEnd(run: Run): void {
    if (!this.#averages(run)) return;
    const { parameters } = run.executor;
    const state = this.#state;
    if (state.count === 0) state.averages = parameters.map(({ value }) => new Float32Array(value.length));
    state.count++;
    for (const [p, { value }] of parameters.entries()) {
      const average = state.averages[p];
      for (let i = 0; i < value.length; i++) average[i] += (value[i] - average[i]) / state.count;
    }
  }

  async onFitEnd(run: Run): Promise<void> {
    if (this.#state.count === 0 || run.history.interrupted) return;
    for (const [p, { value }] of run.executor.parameters.entries()) value.set(this.#state.averages[p]);
    await run.executor.parametersChanged();
    await run.refreshBatchNorm();
  }

  state(): unknown {
    const { count, averages } = this.#state;
    return { count, averages: averages.map((average) => average.slice()) };
  }

  loadState(state: unknown): void {
    const { count, averages } = state as State;
    this.#state = { count, averages: averages.map((average) => average.slice()) };
  }

  #averages({ epoch, epochs }: Run): boolean {
    return epoch >= (this.#start < 1 ? Math.floor(this.#start * epochs) + 1 : this.#start);
  }
}
