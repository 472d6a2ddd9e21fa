import type { OptimizerStepReport } from '../contracts/callback.js';
import type { BatchReport } from './batch-report.js';

/** The one report of a fit's updates, filled anew at each. */
export class StepReport implements OptimizerStepReport {
  step = 0;
  batches = 0;
  batch = 0;
  size = 0;
  loss = 0;
  accuracy = 0;
  meanLoss = 0;
  meanAccuracy = 0;
  lr = 0;
  #losses = 0;
  #hits = 0;

  /** Starts an update. */
  clear(): void {
    this.batches = 0;
    this.size = 0;
    this.#losses = 0;
    this.#hits = 0;
  }

  /** Takes in a batch of the update. */
  add(report: BatchReport, hits: number): void {
    this.#losses += report.loss;
    this.#hits += hits;
    this.batches++;
    this.batch = report.batch;
    this.size += report.size;
    // What is minimized is the mean over batches, also where the last one of an epoch is smaller.
    this.loss = this.#losses / this.batches;
    this.accuracy = this.#hits / this.size;
    this.meanLoss = report.meanLoss;
    this.meanAccuracy = report.meanAccuracy;
  }
}
