import { InvalidArgumentError } from '@mnist-kit/core';
import { platform } from '#trainer/platform';
import { closedOptions } from '../closed-options.js';
import type { Callback, TrainBatchReport } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord } from '../history.js';
import type { Bar } from '../platform.js';
import * as say from '../say.js';
import { epochLine, formatSeconds } from './epoch-line.js';

/**
 * Options of {@link ProgressBar}.
 *
 * @example
 * ```ts
 * import { ProgressBar, type ProgressBarOptions } from '@mnist-kit/trainer';
 *
 * const lines: string[] = [];
 * const options: ProgressBarOptions = { bar: false, log: (line) => lines.push(line) };
 * const callbacks = [new ProgressBar(options)];
 * ```
 */
export interface ProgressBarOptions {
  /**
   * Show a bar besides the line per epoch. Default: when stdout is a terminal of at least 40 columns, and none of
   * `TERM=dumb`, `NO_COLOR` and `CI` is set. `true` elsewhere prints the bar as a line every two seconds; a browser has
   * no bar, and refuses it.
   */
  bar?: boolean;
  /** Where lines go. Default `console.log`. */
  log?: (line: string) => void;
}

/** Least time in milliseconds between two updates of the bar. */
const UPDATE_INTERVAL = 100;

/**
 * Shows how a fit goes: on a terminal a bar with it/s, loss, accuracy and the time left; elsewhere, and in
 * addition, one line per epoch.
 *
 * A stdout that is closed or full does not end the fit; what would have been shown is lost. Errors of its stream go
 * to the program's own listeners alone.
 *
 * @throws InvalidArgumentError for options of another type.
 * @example
 * ```ts
 * import { ProgressBar } from '@mnist-kit/trainer';
 *
 * const callbacks = [new ProgressBar()];
 * ```
 */
export class ProgressBar implements Callback {
  readonly name = 'ProgressBar';
  readonly #wantsBar: boolean | undefined;
  readonly #log: (line: string) => void;
  #bar: Bar | undefined;
  #active = false;
  #started = 0;
  #firstBatch = 0;
  #updated = 0;

  constructor(options: ProgressBarOptions = {}) {
    const names = { bar: true, log: true } as const;
    const { bar, log = say.log } = closedOptions('ProgressBar', options, names);
    if (bar !== undefined && typeof bar !== 'boolean')
      throw new InvalidArgumentError('bar', 'must be true or false', bar);
    if (typeof log !== 'function') throw new InvalidArgumentError('log', 'must be a function of a line', log);
    this.#wantsBar = bar;
    this.#log = log;
  }

  async onFitStart(): Promise<void> {
    this.#bar = undefined;
    if (this.#wantsBar !== false) this.#bar = await platform.progressBar(this.#wantsBar);
  }

  onEpochStart(run: Run): void {
    this.#started = performance.now();
    this.#firstBatch = run.batch;
    this.#updated = 0;
    if (this.#bar === undefined) return;
    const payload = { title: title(run), rate: '-', loss: '-', accuracy: '-', left: '' };
    this.#bar.start(run.batchesPerEpoch ?? 0, run.batch, payload);
    this.#active = true;
  }

  onTrainBatchEnd(run: Run, report: TrainBatchReport): void {
    if (this.#bar === undefined) return;
    const now = performance.now();
    if (now - this.#updated < UPDATE_INTERVAL) return;
    this.#updated = now;
    const rate = ((run.batch - this.#firstBatch) / (now - this.#started)) * 1000;
    const left = run.batchesPerEpoch === undefined ? undefined : (run.batchesPerEpoch - run.batch) / rate;
    this.#bar.update(run.batch, {
      title: title(run),
      rate: rate.toFixed(1),
      loss: report.meanLoss.toFixed(4),
      accuracy: `${(report.meanAccuracy * 100).toFixed(2)}%`,
      left: left === undefined ? '' : `${formatSeconds(left)} left`,
    });
  }

  onValidationStart(run: Run, name: string): void {
    this.#bar?.update(run.batch, { left: `measuring ${name}` });
  }

  onEpochEnd(run: Run, record: EpochRecord): void {
    this.#stop();
    this.#log(epochLine(record, run.epochs));
  }

  onFitEnd(): void {
    this.#stop();
  }

  onException(): void {
    this.#stop();
  }

  #stop(): void {
    if (this.#active) this.#bar?.stop();
    this.#active = false;
  }
}

function title(run: Run): string {
  return `epoch ${run.epoch}/${run.epochs}`;
}
