import { InvalidArgumentError } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';

/**
 * Options of {@link LearningRateMonitor}.
 *
 * @example
 * ```ts
 * import { LearningRateMonitor, type LearningRateMonitorOptions } from '@mnist-kit/trainer';
 *
 * const options: LearningRateMonitorOptions = { interval: 'step' };
 * const monitor = new LearningRateMonitor(options);
 * ```
 */
export interface LearningRateMonitorOptions {
  /** Whether the learning rate is noted after each optimizer step or after each epoch (default). */
  interval?: 'epoch' | 'step';
}

/**
 * Learning rate of one step, or of the last step of an epoch.
 *
 * @example
 * ```ts
 * import type { LearningRateEntry } from '@mnist-kit/trainer';
 *
 * const first: LearningRateEntry = { epoch: 1, step: 391, lr: 1e-3, lrs: [1e-3] };
 * ```
 */
export interface LearningRateEntry {
  readonly epoch: number;
  /** Optimizer steps taken, this one included. */
  readonly step: number;
  readonly lr: number;
  /** The same for every parameter group of the optimizer, the default one first. */
  readonly lrs: readonly number[];
}

/**
 * Notes the learning rate of every step or epoch, for each parameter group, to look at what a scheduler did.
 *
 * @example
 * ```ts
 * import { LearningRateMonitor } from '@mnist-kit/trainer';
 *
 * const monitor = new LearningRateMonitor({ interval: 'step' });
 * // after a fit with `callbacks: [monitor]`:
 * console.log(monitor.entries.map(({ lr }) => lr));
 * ```
 */
export class LearningRateMonitor implements Callback {
  readonly name = 'LearningRateMonitor';
  readonly #interval: 'epoch' | 'step';
  #entries: LearningRateEntry[] = [];

  /** @throws InvalidArgumentError for an unknown interval. */
  constructor(options: LearningRateMonitorOptions = {}) {
    const { interval = 'epoch' } = closedOptions('LearningRateMonitor', options, { interval: true });
    if (interval !== 'epoch' && interval !== 'step')
      throw new InvalidArgumentError('interval', "must be 'epoch' or 'step'", interval);
    this.#interval = interval;
  }

  /** What was noted, in order. */
  get entries(): readonly LearningRateEntry[] {
    return this.#entries;
  }

  onFitStart(run: Run): void {
    if (run.step === 0) this.#entries = [];
  }

  onOptimizerStepEnd({ epoch, step, lr, lrs }: Run): void {
    if (this.#interval === 'step') this.#entries.push({ epoch, step, lr, lrs: [...lrs] });
  }

  onEpochEnd({ epoch, step, lr, lrs }: Run): void {
    if (this.#interval === 'epoch') this.#entries.push({ epoch, step, lr, lrs: [...lrs] });
  }

  state(): unknown {
    return [...this.#entries];
  }

  loadState(state: unknown): void {
    this.#entries = [...(state as LearningRateEntry[])];
  }
}
