import { DataError, type Generator } from '@mnist-kit/core';
import type { StepOutput } from '@mnist-kit/engine';
import type { TrainBatchReport } from '../callbacks/callback.js';
import { type Dispatcher, isPromise } from '../callbacks/dispatcher.js';
import { checkFirstBatch, checkLabels } from '../check-batch.js';
import type { BatchIterator, Mixed, MixupLike } from '../contracts.js';
import { Breather } from '../event-loop.js';
import type { LossRunner } from '../loss.js';
import type { RunState } from '../run.js';
import { exactly } from './evaluate.js';
import type { Meter } from './meter.js';

/** What stays the same over the epochs of a fit. */
export interface TrainLoop {
  readonly run: RunState;
  readonly loss: LossRunner;
  readonly generator: Generator;
  readonly callbacks: Dispatcher;
  readonly mixup?: MixupLike;
  readonly meter: Meter;
  /** Called after every optimizer step with a scheduler that steps that often. */
  readonly afterStep?: () => void;
  /** Called when a batch has drawn all its random numbers and before the next one draws its. */
  readonly beforeNextDraws?: () => void;
  /** Most batches of an epoch. */
  readonly limit?: number;
}

type Report = { -readonly [K in keyof TrainBatchReport]: TrainBatchReport[K] };

/**
 * Trains on the batches of `iterator` until it ends or the run is stopped.
 *
 * The order of random draws is PyTorch's without loader workers: a batch's pixels, its mixing, its dropout
 * masks, then the next batch's pixels, which the loader works on while the step runs.
 *
 * @returns Whether the epoch was trained to its end.
 */
export async function trainEpoch(loop: TrainLoop, iterator: BatchIterator): Promise<boolean> {
  const {
    run,
    loss,
    generator,
    callbacks,
    mixup,
    meter,
    afterStep,
    beforeNextDraws,
    limit = Infinity,
  } = loop;
  const { executor, optimizer } = run;
  const { classes } = executor;
  const breather = new Breather();
  const hasBeforeStep = callbacks.has('onBeforeOptimizerStep');
  const report: Report = {
    batch: 0,
    size: 0,
    loss: 0,
    accuracy: 0,
    meanLoss: 0,
    meanAccuracy: 0,
    lr: 0,
  };
  let first = true;
  let finished = false;
  try {
    while (run.batch < limit) {
      if (run.stoppingNow) return false;
      run.safe = false;
      const pending = iterator.next();
      const next = isPromise(pending) ? await pending : pending;
      if (next.done) {
        finished = true;
        break;
      }
      const batch = next.value;
      const { size } = batch;
      if (first) checkFirstBatch(batch, executor);
      first = false;
      checkLabels(batch, classes);
      const labels = exactly(batch.labels, size);

      const mixed = mixup?.mix(batch, generator);
      executor.drawMasks(size, generator);
      beforeNextDraws?.();
      if (run.batch + 1 < limit) iterator.prefetch?.();
      const answer = executor.trainStep(batch.images, size, loss.target(labels, size, mixed));
      const output = isPromise(answer) ? await answer : answer;
      if (hasBeforeStep) {
        const hook = callbacks.emit('onBeforeOptimizerStep', output.loss);
        if (isPromise(hook)) await hook;
        if (run.stoppingNow) return false;
      }
      run.lr = optimizer.lr;
      optimizer.step(executor.parameters);
      const changed = executor.parametersChanged();
      if (isPromise(changed)) await changed;

      run.step++;
      run.batch++;
      fillReport(report, output, labels, size, classes, mixed, loss.sums, meter);
      report.batch = run.batch - 1;
      report.lr = run.lr;
      afterStep?.();
      run.safe = true;
      const hook = callbacks.emit('onTrainBatchEnd', report);
      if (isPromise(hook)) await hook;
      const settled = callbacks.emit('onSafePoint');
      if (isPromise(settled)) await settled;
      const breath = breather.breathe();
      if (breath !== undefined) await breath;
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
  if (run.batch === 0)
    throw new DataError('The training loader yielded no batch; check its data set, batchSize and dropLast');
  return true;
}

function fillReport(
  report: Report,
  { loss, outputs }: StepOutput,
  labels: Int32Array,
  size: number,
  classes: number,
  mixed: Mixed | undefined,
  sums: boolean,
  meter: Meter,
): void {
  const hits = countHits(outputs, labels, size, classes, mixed);
  const lossSum = sums ? loss : loss * size;
  meter.add(lossSum, hits, size);
  report.size = size;
  report.loss = lossSum / size;
  report.accuracy = hits / size;
  report.meanLoss = meter.loss;
  report.meanAccuracy = meter.accuracy;
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
