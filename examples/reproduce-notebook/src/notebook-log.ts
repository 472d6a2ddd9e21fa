import { join } from 'node:path';
import { writeFileAtomic } from '@mnist-kit/core/node';
import type { Callback, EpochRecord, Run, TrainBatchReport } from '@mnist-kit/trainer';
import { type EpochResult, RUN_FILES, toCsv, toEpochResult } from './results.js';

/** Prints the notebook's line after each epoch and keeps `history.csv` up to date, for runs that get killed. */
export class NotebookLog implements Callback {
  readonly name = 'NotebookLog';
  readonly epochs: EpochResult[] = [];
  readonly #out: string;
  readonly #print: (text: string) => void;
  #batchMeans = 0;
  #samples = 0;

  constructor(out: string, print: (text: string) => void) {
    this.#out = out;
    this.#print = print;
  }

  /** Nothing of an earlier run stays beside this one's files: a run that is interrupted early writes only a few. */
  onFitStart(run: Run): void {
    run.replaces(this.#out, RUN_FILES);
  }

  onEpochStart(): void {
    this.#batchMeans = 0;
    this.#samples = 0;
  }

  onTrainBatchEnd(_run: Run, { loss, size }: TrainBatchReport): void {
    this.#batchMeans += loss;
    this.#samples += size;
  }

  async onEpochEnd(run: Run, record: EpochRecord): Promise<void> {
    const epoch = toEpochResult(record, this.#batchMeans / this.#samples);
    this.epochs.push(epoch);
    this.#print(formatEpoch(epoch, run.epochs));
    await writeFileAtomic(join(this.#out, 'history.csv'), toCsv(this.epochs));
  }
}

/** One epoch as the notebook prints it, and after the bar what it does not. */
function formatEpoch(epoch: EpochResult, epochs: number): string {
  const percent = (value: number) => `${(value * 100).toFixed(2)}%`;
  return (
    `Epoch ${epoch.epoch}/${epochs}: Train Loss: ${epoch.trainLossAsPrinted.toFixed(4)}, ` +
    `Train Acc: ${percent(epoch.trainAccuracy)}, Val Loss: ${epoch.valLoss.toFixed(4)}, ` +
    `Val Acc: ${percent(epoch.valAccuracy)} | clean Val Acc ${percent(epoch.valAccuracyClean)}, ` +
    `mean loss ${epoch.trainLoss.toFixed(4)}, lr ${Number(epoch.lr.toPrecision(4))}, ` +
    `${epoch.itPerSecond.toFixed(1)} it/s, ${epoch.seconds.toFixed(1)} s`
  );
}
