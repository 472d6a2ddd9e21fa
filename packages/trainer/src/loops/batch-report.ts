import type { Batch } from '@mnist-kit/core';
import type { StepOutput } from '@mnist-kit/engine';
import type { TrainBatchReport } from '../contracts/callback.js';
import type { Mixed } from '../contracts/parts.js';
import type { LossRunner } from '../loss.js';
import type { RunState } from '../run-state.js';
import type { Meter } from './meter.js';

/** What {@link BatchReport.fill} needs of the training loop. */
interface ReportSource {
  readonly run: RunState;
  readonly loss: LossRunner;
  readonly meter: Meter;
}

/** The one report of an epoch's batches, filled anew at each. */
export class BatchReport implements TrainBatchReport {
  batch = 0;
  size = 0;
  loss = 0;
  accuracy = 0;
  meanLoss = 0;
  meanAccuracy = 0;
  lr = 0;

  /** Takes a batch into the epoch's sums and reports it; answers how many samples were right. */
  fill(
    { labels, size }: Batch,
    { loss, outputs }: StepOutput,
    mixed: Mixed | undefined,
    { run, loss: { sums }, meter }: ReportSource,
  ): number {
    const hits = countHits(outputs, labels, size, run.executor.classes, mixed);
    const lossSum = sums ? loss : loss * size;
    meter.add(lossSum, hits, size);
    this.batch = run.batch - 1;
    this.size = size;
    this.loss = lossSum / size;
    this.accuracy = hits / size;
    this.meanLoss = meter.loss;
    this.meanAccuracy = meter.accuracy;
    return hits;
  }
}

/** Correct samples; a mixed sample counts by the weight of each of its two labels. */
function countHits(
  outputs: Float32Array,
  labels: Int32Array,
  size: number,
  classes: number,
  mixed: Mixed | undefined,
): number {
  let own = 0;
  let partners = 0;
  for (let i = 0, at = 0; i < size; i++, at += classes) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (outputs[at + c] > outputs[at + best]) best = c;
    if (best === labels[i]) own++;
    if (mixed !== undefined && best === labels[mixed.partners[i]]) partners++;
  }
  return mixed === undefined ? own : mixed.lambda * own + (1 - mixed.lambda) * partners;
}
