import type { MaybePromise } from '@mnist-kit/core';
import type { EpochRecord } from '../history.js';
import type { MetricValue } from '../metrics/metric.js';
import type { Run } from './run.js';
import type { RunSnapshot } from './run-snapshot.js';

/** One training step, as `onTrainBatchEnd` sees it. The object is reused from step to step. */
export interface TrainBatchReport {
  /** Position of the batch in its epoch, from 0. */
  readonly batch: number;
  /** Samples in the batch. */
  readonly size: number;
  /** Mean loss over the batch's samples, before the update. */
  readonly loss: number;
  /** Share of the batch classified correctly before the update, 0 to 1. */
  readonly accuracy: number;
  /** Mean loss over the epoch so far. */
  readonly meanLoss: number;
  /** Accuracy over the epoch so far. */
  readonly meanAccuracy: number;
  /** Learning rate of this step. */
  readonly lr: number;
}

/** Results of one validation loader by key, e.g. `{ valLoss, valAccuracy }`. */
export type ValidationResult = Readonly<Record<string, MetricValue>>;

/**
 * Code that runs at fixed points of a fit. Every hook is optional and may return a promise, which the Trainer
 * awaits. A plain object with some hooks is a callback; so is an instance of a class.
 *
 * Hooks run in the order in which callbacks were given, those with `runsLast` after all others. An exception
 * ends the fit with an error that names the callback; every callback's `onException` runs first.
 *
 * @example
 * ```ts
 * import type { Callback } from '@mnist-kit/trainer';
 *
 * const announce: Callback = {
 *   name: 'announce',
 *   onEpochEnd: (run, record) => console.log(`epoch ${record.epoch} of ${run.epochs}: ${record.trainLoss}`),
 * };
 * ```
 */
export interface Callback {
  /** How errors call it; default: the class name. Must be unique within a Trainer when `state` is present. */
  readonly name?: string;
  /** True for a callback that must see what the others did: its hooks run after theirs. */
  readonly runsLast?: boolean;
  /** True for a callback that a `fastDevRun` should leave out. */
  readonly writesFiles?: boolean;
  /** Once, before anything is trained: check settings and open files here. */
  onFitStart?(run: Run): MaybePromise<void>;
  /** Also when a resumed fit goes on inside an epoch; then `run.batch` is above 0. */
  onEpochStart?(run: Run): MaybePromise<void>;
  /** Gradients and the batch's loss are there; a `run.stop(reason, { now: true })` here skips the update. */
  onBeforeOptimizerStep?(run: Run, loss: number): MaybePromise<void>;
  /** After the update of one step. */
  onTrainBatchEnd?(run: Run, report: TrainBatchReport): MaybePromise<void>;
  /** Before the pass over one validation loader; `name` is `val` unless several were given. */
  onValidationStart?(run: Run, name: string): MaybePromise<void>;
  onValidationEnd?(run: Run, result: ValidationResult, name: string): MaybePromise<void>;
  /** Instead of `onValidationEnd` when the pass was cut short by an interruption. */
  onValidationCancel?(run: Run, name: string): MaybePromise<void>;
  /** After validation and the scheduler. An epoch that was cut short has no `onEpochEnd`. */
  onEpochEnd?(run: Run, record: EpochRecord): MaybePromise<void>;
  /**
   * After every step and every epoch, when all other hooks have run: the only place where
   * {@link Run.snapshot} may be called.
   */
  onSafePoint?(run: Run): MaybePromise<void>;
  /** Once, when a fit ended by itself, was stopped or was interrupted (`run.history` says which). */
  onFitEnd?(run: Run): MaybePromise<void>;
  /** Once, when a fit ends with an error: close files here. */
  onException?(run: Run, error: unknown): MaybePromise<void>;
  /** Plain data and typed arrays that a resumed run needs. */
  state?(): unknown;
  /** Puts a {@link Callback.state} back; called before `onFitStart` of a resumed fit. */
  loadState?(state: unknown): void;
  /** The newest checkpoint that this callback keeps, for `resume: 'auto'`. */
  latestCheckpoint?(): Promise<RunSnapshot | undefined>;
}
