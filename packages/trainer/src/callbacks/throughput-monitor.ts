import { InvalidArgumentError } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback, OptimizerStepReport } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';

/**
 * Options of {@link ThroughputMonitor}.
 *
 * @example
 * ```ts
 * import { ThroughputMonitor, type ThroughputMonitorOptions } from '@mnist-kit/trainer';
 *
 * const options: ThroughputMonitorOptions = { window: 50 };
 * const monitor = new ThroughputMonitor(options);
 * ```
 */
export interface ThroughputMonitorOptions {
  /** Optimizer steps that one measurement spans. Default 50. */
  window?: number;
}

/**
 * How fast training was over the last window of optimizer steps.
 *
 * @example
 * ```ts
 * import type { ThroughputEntry } from '@mnist-kit/trainer';
 *
 * const entry: ThroughputEntry = { step: 100, stepsPerSecond: 60, samplesPerSecond: 7680 };
 * ```
 */
export interface ThroughputEntry {
  /** Optimizer steps taken, the window's included. */
  readonly step: number;
  readonly stepsPerSecond: number;
  readonly samplesPerSecond: number;
}

/**
 * Measures optimizer steps and samples per second while training, data loading included and validation left out.
 *
 * @throws InvalidArgumentError if `window` is not a positive integer.
 * @example
 * ```ts
 * import { ThroughputMonitor } from '@mnist-kit/trainer';
 *
 * const monitor = new ThroughputMonitor({ window: 100 });
 * // after a fit with `callbacks: [monitor]`:
 * console.log(monitor.entries.at(-1)?.samplesPerSecond);
 * ```
 */
export class ThroughputMonitor implements Callback {
  readonly name = 'ThroughputMonitor';
  readonly #window: number;
  #entries: ThroughputEntry[] = [];
  #steps = 0;
  #samples = 0;
  #started = 0;
  #paused = 0;

  constructor(options: ThroughputMonitorOptions = {}) {
    const { window = 50 } = closedOptions('ThroughputMonitor', options, { window: true });
    if (!Number.isInteger(window) || window < 1)
      throw new InvalidArgumentError('window', 'must be a positive integer', window);
    this.#window = window;
  }

  /** One measurement per full window of the last fit. */
  get entries(): readonly ThroughputEntry[] {
    return this.#entries;
  }

  onFitStart(): void {
    this.#entries = [];
  }

  onEpochStart(run: Run): void {
    this.#restart(run);
  }

  onOptimizerStepEnd(run: Run, { size }: OptimizerStepReport): void {
    this.#steps++;
    this.#samples += size;
    if (this.#steps < this.#window) return;
    const seconds = (run.now() - this.#started) / 1000;
    this.#entries.push({
      step: run.step,
      stepsPerSecond: this.#steps / seconds,
      samplesPerSecond: this.#samples / seconds,
    });
    this.#restart(run);
  }

  // Validation inside an epoch falls into a window.
  onValidationStart(run: Run): void {
    this.#paused = run.now();
  }

  onValidationEnd(run: Run): void {
    this.#started += run.now() - this.#paused;
  }

  #restart(run: Run): void {
    this.#steps = 0;
    this.#samples = 0;
    this.#started = run.now();
  }
}
