import type { MaybePromise, Settings } from '@mnist-kit/core';
import type { EpochRecord } from '../history.js';
import type { MetricValue } from '../metrics/metric.js';
import type { Run } from './run.js';
import type { RunSnapshot } from './run-snapshot.js';

/**
 * One training batch, as `onTrainBatchEnd` sees it. The object is reused from batch to batch.
 *
 * @example
 * ```ts
 * import type { Callback, TrainBatchReport } from '@mnist-kit/trainer';
 *
 * const loudBatches: Callback = {
 *   name: 'loudBatches',
 *   onTrainBatchEnd: (_run, report: TrainBatchReport) => console.log(report.batch, report.accuracy),
 * };
 * ```
 */
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
  /** Learning rate of the batch's update; for a batch whose gradient is only added up, that of the moment. */
  readonly lr: number;
}

/**
 * One update of the parameters, as `onOptimizerStepEnd` sees it. The object is reused from step to step.
 *
 * It is made of one batch or, with `accumulateGradBatches`, of several.
 *
 * @example
 * ```ts
 * import type { Callback, OptimizerStepReport } from '@mnist-kit/trainer';
 *
 * const loudSteps: Callback = {
 *   name: 'loudSteps',
 *   onOptimizerStepEnd: (_run, report: OptimizerStepReport) => console.log(report.step, report.loss),
 * };
 * ```
 */
export interface OptimizerStepReport {
  /** Optimizer steps since the start of training, this one included. */
  readonly step: number;
  /** Batches of the update: `accumulateGradBatches`, or fewer at the end of an epoch. */
  readonly batches: number;
  /** Position of the last of them in the epoch, from 0. */
  readonly batch: number;
  /** Samples in those batches. */
  readonly size: number;
  /** Mean of the losses of those batches, before the update. */
  readonly loss: number;
  /** Share of those samples classified correctly before the update, 0 to 1. */
  readonly accuracy: number;
  /** Mean loss over the epoch's samples so far. */
  readonly meanLoss: number;
  /** Accuracy over the epoch so far. */
  readonly meanAccuracy: number;
  /** Learning rate of the update; `run.lrs` has that of every parameter group. */
  readonly lr: number;
}

/**
 * Results of one validation loader by key, e.g. `{ valLoss, valAccuracy }`.
 *
 * @example
 * ```ts
 * import type { ValidationResult } from '@mnist-kit/trainer';
 *
 * const result: ValidationResult = { valLoss: 0.1, valAccuracy: 0.97 };
 * ```
 */
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
  /**
   * How it was set, where that decides what is trained or kept. Checkpoints keep it, and a fit that resumes with other
   * settings is refused unless its `override` names them. A callback without it may come, go and change between fits.
   */
  readonly settings?: Settings;
  /** Once, before anything is trained: check settings and open files here. */
  onFitStart?(run: Run): MaybePromise<void>;
  /** Also when a resumed fit goes on inside an epoch; then `run.batch` is above 0. */
  onEpochStart?(run: Run): MaybePromise<void>;
  /**
   * Once per update, when its gradients and loss are there, the mean over its batches each; a
   * `run.stop(reason, { now: true })` here skips the update.
   */
  onBeforeOptimizerStep?(run: Run, loss: number): MaybePromise<void>;
  /**
   * Once per update, when the parameters have their new values and the scheduler has stepped: the place for
   * whatever is counted in steps.
   */
  onOptimizerStepEnd?(run: Run, report: OptimizerStepReport): MaybePromise<void>;
  /**
   * Once per batch. With `accumulateGradBatches` only every so many batches make an update, before this; those
   * left over at the end of an epoch make theirs after it.
   */
  onTrainBatchEnd?(run: Run, report: TrainBatchReport): MaybePromise<void>;
  /** Before the pass over one validation loader; `name` is `val` unless several were given. */
  onValidationStart?(run: Run, name: string): MaybePromise<void>;
  /** After each batch of that pass. */
  onValidationBatchEnd?(run: Run, name: string): MaybePromise<void>;
  onValidationEnd?(run: Run, result: ValidationResult, name: string): MaybePromise<void>;
  /** Instead of `onValidationEnd` when the pass was cut short by an interruption. */
  onValidationCancel?(run: Run, name: string): MaybePromise<void>;
  /** After validation and the scheduler. An epoch that was cut short has no `onEpochEnd`. */
  onEpochEnd?(run: Run, record: EpochRecord): MaybePromise<void>;
  /**
   * After every update and every epoch, when all other hooks have run: the only place where
   * {@link Run.snapshot} may be called.
   */
  onSafePoint?(run: Run): MaybePromise<void>;
  /**
   * Before a state of the fit is taken, by {@link Run.snapshot}: write down what is still held back, so that files and
   * the state that is saved tell the same. The callbacks' own `state` is asked for afterwards.
   */
  onBeforeSnapshot?(run: Run): MaybePromise<void>;
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
