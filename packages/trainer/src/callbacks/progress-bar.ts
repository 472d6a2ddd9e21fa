import { closedOptions } from '../closed-options.js';
import type { Callback, TrainBatchReport } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord } from '../history.js';
import { isNode } from '../is-node.js';
import { epochLine, formatSeconds } from './epoch-line.js';

/** The part of `cli-progress` that is used. */
interface Bar {
  start(total: number, value: number, payload: object): void;
  update(value: number, payload: object): void;
  stop(): void;
}

/** Options of {@link ProgressBar}. */
export interface ProgressBarOptions {
  /** Draw a bar (`true`), or print one line per epoch (`false`). Default: a bar when stdout is a terminal. */
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
    const { bar, log = (line: string) => console.log(line) } = closedOptions('ProgressBar', options, names);
    this.#wantsBar = bar;
    this.#log = log;
  }

  async onFitStart(): Promise<void> {
    const wantsBar = this.#wantsBar ?? (isNode() && process.stdout.isTTY === true);
    if (!wantsBar || !isNode()) return;
    const { SingleBar, Presets } = (await import('cli-progress')).default;
    this.#bar = new SingleBar(
      {
        format: '{title} {bar} {value}/{total} | {rate} it/s | loss {loss} | accuracy {accuracy} | {left}',
        stream: process.stdout,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        gracefulExit: false,
        barsize: 24,
      },
      Presets.shades_classic,
    );
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
