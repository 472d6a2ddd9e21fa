import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import type { SchedulerLike } from './contracts/parts.js';
import type { Run } from './contracts/run.js';
import { type EpochRecord, modeOf } from './history.js';
import { checkMonitor, monitored } from './monitor.js';

/** What of a fit a schedule asks for. */
type Measured = Pick<Run, 'monitors' | 'history'>;

/**
 * A scheduler with what the Trainer should know about it.
 *
 * @example
 * ```ts
 * import { ReduceLROnPlateau, SGD } from '@mnist-kit/optim';
 * import type { SchedulerOptions } from '@mnist-kit/trainer';
 *
 * const optimizer = new SGD({ lr: 0.1 });
 * const scheduler: SchedulerOptions = {
 *   scheduler: new ReduceLROnPlateau(optimizer, { mode: 'max' }),
 *   monitor: 'valTop3',
 * };
 * ```
 */
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

const names: OptionNames<SchedulerOptions> = { scheduler: true, monitor: true, interval: true };

/** Steps a scheduler when it is due, with the metric it needs. */
export class Schedule {
  readonly scheduler: SchedulerLike;
  readonly #interval: 'epoch' | 'step';
  readonly #monitor: string | undefined;

  constructor(option: SchedulerLike | SchedulerOptions, { monitors, history }: Measured) {
    const given = schedulerOptions(option);
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
    checkMode(scheduler, this.#monitor, history);
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

  /** Puts a scheduler that is new to a fit where it would be, had it been there from the start. */
  catchUp(epochs: readonly EpochRecord[], steps: number): void {
    for (const record of epochs) this.afterEpoch(record);
    for (let i = 0; i < steps; i++) this.afterStep?.();
  }

  /** How it is used, where that was chosen or follows from the scheduler. */
  get settings(): { readonly interval: 'epoch' | 'step'; readonly monitor: string | undefined } {
    return { interval: this.#interval, monitor: this.#monitor };
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

/** A scheduler that stands alone, or the options that it stands in. */
export function schedulerOptions(option: SchedulerLike | SchedulerOptions): SchedulerOptions {
  if (!('scheduler' in option) || 'step' in option) return { scheduler: option as SchedulerLike };
  checkOptionNames<SchedulerOptions>('scheduler', option, names);
  return option;
}

/** A scheduler has a mode whether or not its maker thought of it: it must be the metric's. */
function checkMode({ mode }: SchedulerLike, monitor: string, history: Measured['history']): void {
  if (mode === undefined)
    throw new InvalidArgumentError(
      'scheduler.monitor',
      'is for a scheduler that watches a metric, which has a `mode`',
      monitor,
    );
  const better = history.better(monitor);
  if (modeOf(better) === mode) return;
  throw new InvalidArgumentError(
    'scheduler.mode',
    better === undefined
      ? `must be what the metric says, and that of ${monitor} must say \`better: 'lower'\` or \`better: 'higher'\``
      : `must be '${modeOf(better)}' to watch ${monitor}, of which ${better} is better`,
    mode,
  );
}
