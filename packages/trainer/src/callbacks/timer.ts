import { InvalidArgumentError } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import { stateWithNumbers } from '../state/callback-state.js';
import { formatSeconds } from './epoch-line.js';

/**
 * A length of time; the parts add up.
 *
 * @example
 * ```ts
 * import { type Duration, Timer } from '@mnist-kit/trainer';
 *
 * const maxTime: Duration = { hours: 1, minutes: 30 };
 * const callbacks = [new Timer({ maxTime })];
 * ```
 */
export interface Duration {
  hours?: number;
  minutes?: number;
  seconds?: number;
}

/**
 * Options of {@link Timer}.
 *
 * @example
 * ```ts
 * import { Timer, type TimerOptions } from '@mnist-kit/trainer';
 *
 * const options: TimerOptions = { maxTime: { minutes: 30 }, interval: 'epoch' };
 * const callbacks = [new Timer(options)];
 * ```
 */
export interface TimerOptions {
  /** How long a fit may take, earlier parts of a resumed one included, pauses left out. */
  maxTime: Duration;
  /** Whether time is looked at after each optimizer step (default) or after each epoch. */
  interval?: 'step' | 'epoch';
}

/**
 * Ends a fit when its time is up.
 *
 * @throws InvalidArgumentError when `maxTime` is not above 0.
 * @example
 * ```ts
 * import { Timer } from '@mnist-kit/trainer';
 *
 * const callbacks = [new Timer({ maxTime: { minutes: 30 } })];
 * ```
 */
export class Timer implements Callback {
  readonly name = 'Timer';
  readonly #limit: number;
  readonly #interval: 'step' | 'epoch';
  #before = 0;
  #started = 0;
  #now = () => performance.now();

  constructor(options: TimerOptions) {
    const names = { maxTime: true, interval: true } as const;
    const { maxTime, interval = 'step' } = closedOptions('Timer', options, names);
    this.#limit = toSeconds(maxTime);
    if (interval !== 'step' && interval !== 'epoch')
      throw new InvalidArgumentError('interval', "must be 'step' or 'epoch'", interval);
    this.#interval = interval;
  }

  /** Seconds that the fit has taken so far, pauses left out. */
  get elapsed(): number {
    return this.#before + (this.#now() - this.#started) / 1000;
  }

  onFitStart(run: Run): void {
    if (run.step === 0) this.#before = 0;
    this.#now = () => run.now();
    this.#started = run.now();
    if (run.step > 0) this.#check(run, this.#interval === 'step');
  }

  onOptimizerStepEnd(run: Run): void {
    if (this.#interval === 'step') this.#check(run, true);
  }

  onEpochEnd(run: Run): void {
    this.#check(run, false);
  }

  state(): unknown {
    return { elapsed: this.elapsed };
  }

  loadState(state: unknown): void {
    this.#before = stateWithNumbers<{ elapsed: number }>(this.name, state, ['elapsed']).elapsed;
  }

  #check(run: Run, now: boolean): void {
    if (this.elapsed >= this.#limit)
      run.stop(`the time of ${formatSeconds(this.#limit)} is up`, { now, final: false });
  }
}

/** @throws InvalidArgumentError when the duration is not above 0. */
function toSeconds(duration: Duration): number {
  const names = { hours: true, minutes: true, seconds: true } as const;
  const { hours = 0, minutes = 0, seconds = 0 } = closedOptions('maxTime', duration, names);
  const total = hours * 3600 + minutes * 60 + seconds;
  if (!(total > 0) || !Number.isFinite(total))
    throw new InvalidArgumentError('maxTime', 'must be hours, minutes or seconds above 0', total);
  return total;
}
