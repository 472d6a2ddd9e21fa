import { CheckpointError, InvalidArgumentError, type Settings } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';

/**
 * Options of {@link ExponentialMovingAverage}.
 *
 * @example
 * ```ts
 * import { ExponentialMovingAverage, type ExponentialMovingAverageOptions } from '@mnist-kit/trainer';
 *
 * const options: ExponentialMovingAverageOptions = { decay: 0.999, warmUp: true };
 * const callbacks = [new ExponentialMovingAverage(options)];
 * ```
 */
export interface ExponentialMovingAverageOptions {
  /** How much of the average is kept at each optimizer step, 0 to 1. Default 0.999. */
  decay?: number;
  /** Start with less, `min(decay, (1 + n) / (10 + n))` at step n, so that the first weights are soon forgotten. Default true. */
  warmUp?: boolean;
}

/**
 * Keeps an exponential moving average of the parameters, `average = decay * average + (1 - decay) * value`
 * after each optimizer step, and uses it instead of them wherever weights are judged or kept: in validation, in what
 * ModelCheckpoint and `restoreBest` keep, and in the model at the end.
 *
 * Batch-norm statistics are not averaged, as in PyTorch's `AveragedModel`:
 * https://pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema. The warm-up is TensorFlow's:
 * https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage.
 *
 * @throws InvalidArgumentError if `decay` is not between 0 and 1.
 * @example
 * ```ts
 * import { ExponentialMovingAverage } from '@mnist-kit/trainer';
 *
 * const callbacks = [new ExponentialMovingAverage({ decay: 0.99 })];
 * ```
 */
export class ExponentialMovingAverage implements Callback {
  readonly name = 'ExponentialMovingAverage';
  readonly #decay: number;
  readonly #warmUp: boolean;
  #averages: Float32Array[] = [];
  /** The parameters themselves while the averages are in their place. */
  #own: Float32Array[] | undefined;

  constructor(options: ExponentialMovingAverageOptions = {}) {
    const names = { decay: true, warmUp: true } as const;
    const { decay = 0.999, warmUp = true } = closedOptions('ExponentialMovingAverage', options, names);
    if (!(decay >= 0 && decay <= 1))
      throw new InvalidArgumentError('decay', 'must be between 0 and 1', decay);
    this.#decay = decay;
    this.#warmUp = warmUp;
  }

  /** How the average was set. */
  get settings(): Settings {
    return { decay: this.#decay, warmUp: this.#warmUp };
  }

  onFitStart({ executor: { parameters }, step }: Run): void {
    this.#own = undefined;
    if (step === 0) this.#averages = parameters.map(({ value }) => value.slice());
    else if (this.#averages.some((average, i) => average.length !== parameters[i]?.value.length))
      throw new CheckpointError('The moving average in the checkpoint is of another model.');
  }

  onOptimizerStepEnd({ executor: { parameters }, step }: Run): void {
    const decay = this.#warmUp ? Math.min(this.#decay, (1 + step) / (10 + step)) : this.#decay;
    const rest = 1 - decay;
    for (let p = 0; p < parameters.length; p++) {
      const average = this.#averages[p];
      const { value } = parameters[p];
      for (let i = 0; i < value.length; i++) average[i] = decay * average[i] + rest * value[i];
    }
  }

  onValidationStart(run: Run): Promise<void> {
    return this.#swapIn(run);
  }

  onValidationCancel(run: Run): Promise<void> {
    return this.#swapOut(run);
  }

  // Until here the averages are what `onEpochEnd` hooks keep.
  onSafePoint(run: Run): Promise<void> | void {
    if (this.#own !== undefined) return this.#swapOut(run);
  }

  onException(run: Run): Promise<void> {
    return this.#swapOut(run);
  }

  async onFitEnd(run: Run): Promise<void> {
    await this.#swapIn(run);
    this.#own = undefined;
  }

  state(): unknown {
    return { averages: this.#averages.map((average) => average.slice()) };
  }

  loadState(state: unknown): void {
    this.#averages = (state as { averages: Float32Array[] }).averages.map((average) => average.slice());
  }

  async #swapIn({ executor }: Run): Promise<void> {
    if (this.#own !== undefined) return;
    this.#own = executor.parameters.map(({ value }) => value.slice());
    for (const [i, { value }] of executor.parameters.entries()) value.set(this.#averages[i]);
    await executor.parametersChanged();
  }

  async #swapOut({ executor }: Run): Promise<void> {
    if (this.#own === undefined) return;
    for (const [i, { value }] of executor.parameters.entries()) value.set(this.#own[i]);
    this.#own = undefined;
    await executor.parametersChanged();
  }
}
