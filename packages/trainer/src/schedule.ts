import { InvalidArgumentError } from '@mnist-kit/core';
import type { SchedulerLike } from './contracts/parts.js';
import type { EpochRecord } from './history.js';
import { checkMonitor, monitored } from './monitor.js';

/** A scheduler with what the Trainer should know about it. */
export interface SchedulerOptions {
  scheduler: SchedulerLike;
  /**
   * What a scheduler that needs a metric watches. Default: `valAccuracy` for mode `max`, `valLoss` for `min`
   * (`trainAccuracy` and `trainLoss` in a fit without validation).
   */
  monitor?: string;
  /** When it steps. Default: the scheduler's own `interval`, else `epoch`. */
  interval?: 'epoch' | 'step';
}

/** Steps a scheduler when it is due, with the metric it needs. */
export class Schedule {
  readonly scheduler: SchedulerLike;
  readonly #interval: 'epoch' | 'step';
  readonly #monitor: string | undefined;

  constructor(option: SchedulerLike | SchedulerOptions, monitors: readonly string[]) {
    const given: SchedulerOptions = 'scheduler' in option ? option : { scheduler: option };
    const { scheduler, interval = scheduler.interval ?? 'epoch' } = given;
    if (typeof scheduler?.step !== 'function')
      throw new InvalidArgumentError('scheduler', 'must have a `step` method', scheduler);
    if (interval !== 'epoch' && interval !== 'step')
      throw new InvalidArgumentError('scheduler.interval', "must be 'epoch' or 'step'", interval);
    this.scheduler = scheduler;
    this.#interval = interval;
    this.#monitor = given.monitor ?? defaultMonitor(scheduler, monitors);
    if (this.#monitor === undefined) return;
    checkMonitor(this.#monitor, monitors, 'scheduler.monitor');
    if (interval === 'step')
      throw new InvalidArgumentError(
        'scheduler.interval',
        `must be 'epoch' for a scheduler that watches ${this.#monitor}, which is measured once an epoch`,
        interval,
      );
  }

  /** What to call after each optimizer step, if anything. */
  get afterStep(): (() => void) | undefined {
    return this.#interval === 'step' ? () => this.scheduler.step() : undefined;
  }

  afterEpoch(record: EpochRecord): void {
    if (this.#interval !== 'epoch') return;
    if (this.#monitor === undefined) {
      this.scheduler.step();
      return;
    }
    const value = monitored(record, this.#monitor);
    if (value !== undefined) this.scheduler.step(value);
  }
}

function defaultMonitor({ mode }: SchedulerLike, monitors: readonly string[]): string | undefined {
  if (mode === undefined) return undefined;
  const name = mode === 'max' ? 'Accuracy' : 'Loss';
  return monitors.includes(`val${name}`) ? `val${name}` : `train${name}`;
}
