import { type Batch, DataError, type Generator } from '@mnist-kit/core';
import type { StepOutput } from '@mnist-kit/engine';
import { type Dispatcher, isPromise } from '../callbacks/dispatcher.js';
import { checkParts, checkPixels, isLookedAt } from '../check-batch.js';
import type { BatchIterator, Mixed, MixupLike } from '../contracts/parts.js';
import { Breather } from '../event-loop.js';
import type { LossRunner } from '../loss.js';
import type { RunState } from '../run-state.js';
import { BatchReport } from './batch-report.js';
import { exactly } from './evaluate.js';
import type { Meter } from './meter.js';
import { checkAnswer } from './open-loader.js';
import type { OptimizerStep } from './optimizer-step.js';
import type { Profiler } from './profiler.js';

/** What stays the same over the epochs of a fit. */
export interface TrainLoop {
  readonly run: RunState;
  readonly loss: LossRunner;
  readonly generator: Generator;
  readonly callbacks: Dispatcher;
  readonly mixup?: MixupLike;
  readonly meter: Meter;
  readonly step: OptimizerStep;
  /** Called when a batch has drawn all its random numbers and before the next one draws its. */
  readonly beforeNextDraws?: () => void;
  /** Most batches of an epoch. */
  readonly limit?: number;
  /** Validation inside the epoch; false when it was cut short. */
  readonly validateBetween?: () => Promise<boolean> | undefined;
  readonly profiler?: Profiler;
}

/** The batches of an epoch under way. */
export class OpenEpoch {
  /** Whether there are no more. */
  ended = false;

  constructor(readonly iterator: BatchIterator) {}

  /** Leaves the batches that nobody asks for any more. A loader's state has to be taken before. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.iterator.return?.();
  }
}

/**
 * Trains on the batches of an epoch until they end or the run is stopped. Does not close it.
 *
 * The order of random draws is PyTorch's without loader workers: a batch's pixels, its mixing, its dropout
 * masks, then the next batch's pixels, which the loader works on while the step runs.
 *
 * @returns Whether the epoch was trained to its end.
 */
export async function trainEpoch(loop: TrainLoop, epoch: OpenEpoch): Promise<boolean> {
  const { iterator } = epoch;
  const { run, callbacks, step, limit = Infinity, profiler } = loop;
  const breather = new Breather();
  const report = new BatchReport();
  while (run.batch < limit) {
    if (step.pending === 0) {
      if (run.stoppingNow) {
        // A stop at the last step of an epoch lets it end with its validation; an interruption does not.
        if (run.interrupted || run.batch < (run.batchesPerEpoch ?? Infinity)) return false;
        break;
      }
      const validation = loop.validateBetween?.();
      if (validation !== undefined && !(await validation)) return false;
    }
    run.safe = false;
    profiler?.start();
    const answer = iterator.next();
    const next = isPromise(answer) ? await answer : answer;
    profiler?.lap('data');
    checkAnswer(next);
    if (next.done) {
      epoch.ended = true;
      break;
    }
    const batch = next.value;
    const number = run.batch + 1;
    checkParts(batch, run.executor);
    // Mixing spreads what is wrong with one image to another.
    if (loop.mixup !== undefined || isLookedAt(number)) checkPixels(batch, number);
    const [output, mixed] = await differentiate(loop, batch, iterator);
    if (!Number.isFinite(output.loss)) checkPixels(batch, number);
    profiler?.lap('step');

    run.batch++;
    step.add(report, report.fill(batch, output, mixed, loop));
    profiler?.lap('callbacks');
    const isUpdate = step.isDue;
    if (isUpdate && !(await step.take())) return false;
    report.lr = isUpdate ? run.lr : run.optimizer.lr;
    const hook = callbacks.emit('onTrainBatchEnd', report);
    if (isPromise(hook)) await hook;
    if (isUpdate) {
      const settled = callbacks.emit('onSafePoint');
      if (isPromise(settled)) await settled;
    }
    profiler?.lap('callbacks');
    const breath = breather.breathe();
    if (breath !== undefined) await breath;
  }
  // Batches that are too few for another full update make a smaller one.
  if (step.pending > 0) {
    if (!(await step.take())) return false;
    await callbacks.emit('onSafePoint');
    profiler?.lap('callbacks');
    if (run.interrupted) return false;
  }
  if (run.batch === 0)
    throw new DataError('The training loader yielded no batch; check its data set, batchSize and dropLast');
  return true;
}

/** Draws what a batch needs, lets the loader draw for the next one, and runs forward and backward. */
async function differentiate(
  loop: TrainLoop,
  batch: Batch,
  iterator: BatchIterator,
): Promise<[StepOutput, Mixed | undefined]> {
  const { run, loss, generator, mixup, limit = Infinity } = loop;
  const { executor } = run;
  const { size } = batch;
  const labels = exactly(batch.labels, size);
  const mixed = mixup?.mix(batch, generator);
  executor.drawMasks(size, generator);
  loop.beforeNextDraws?.();
  if (run.batch + 1 < limit) iterator.prefetch?.();
  const target = loss.target(labels, size, mixed);
  loop.profiler?.lap('target');
  const answer = executor.trainStep(batch.images, size, target);
  return [isPromise(answer) ? await answer : answer, mixed];
}
