import type { Executor } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { History } from '../history.js';
import type { OptimizerLike } from './parts.js';
import type { RunSnapshot } from './run-snapshot.js';

/**
 * How {@link Run.stop} ends a fit.
 *
 * @example
 * ```ts
 * import type { Callback, StopOptions } from '@mnist-kit/trainer';
 *
 * const pause: StopOptions = { now: true, final: false };
 * const lunch: Callback = { name: 'lunch', onTrainBatchEnd: (run) => run.stop('it is noon', pause) };
 * ```
 */
export interface StopOptions {
  /** `true` ends after the current step, without validation; `false` (default) after the current epoch. */
  now?: boolean;
  /**
   * Whether a fit that resumes from here stays ended. Default true. With `false` it goes on, unless the callback
   * stops it again in `onFitStart`: for limits that may have been raised meanwhile.
   */
  final?: boolean;
}

/**
 * A fit in progress, as callbacks see it.
 *
 * @example
 * ```ts
 * import type { Callback, Run } from '@mnist-kit/trainer';
 *
 * const patient = (run: Run) => {
 *   if (run.epoch >= 3 && run.lr < 1e-5) run.stop('the learning rate is down');
 * };
 * const callback: Callback = { name: 'patient', onEpochEnd: patient };
 * ```
 */
export interface Run {
  readonly model: LayersModel;
  readonly executor: Executor;
  readonly optimizer: OptimizerLike;
  /** The epochs finished so far. */
  readonly history: History;
  /** Current epoch, from 1; 0 before the first. */
  readonly epoch: number;
  /** Epochs that the fit was asked for. */
  readonly epochs: number;
  /** Batches trained in the current epoch. */
  readonly batch: number;
  /** Batches of a whole epoch, where the loader knows. */
  readonly batchesPerEpoch: number | undefined;
  /** Optimizer steps since the start of training. */
  readonly step: number;
  /** Learning rate of the last step. */
  readonly lr: number;
  /** The same for every parameter group; `[lr]` for an optimizer without groups. */
  readonly lrs: readonly number[];
  /** Numbers that every epoch's record will hold: what `monitor` may name. */
  readonly monitors: readonly string[];
  /** True once something asked the fit to end. */
  readonly stopping: boolean;
  /** True once something asked the fit to end after the current step. */
  readonly stoppingNow: boolean;
  /** True between the end of an epoch and the start of the next. */
  readonly epochFinished: boolean;
  /**
   * Everything that a resumed fit needs to go on from here to the same bits. Every callback's `onBeforeSnapshot` runs
   * first.
   *
   * @throws CheckpointError anywhere but in `onSafePoint` (and `onException`, when the error came between steps).
   */
  snapshot(): Promise<RunSnapshot>;
  /** Ends the fit; `reason` says why, for people. */
  stop(reason: string, options?: StopOptions): void;
  /**
   * Milliseconds on the fit's clock, which stands still while the fit pauses: for everything that measures how long
   * training takes. Only differences say something.
   */
  now(): number;
  /**
   * Waits in a hook, `onSafePoint` best, until a promise settles; a rejection ends the fit. The pause counts neither in
   * `seconds` and `itPerSecond` nor for `maxTime`.
   *
   * @throws InvalidArgumentError while the fit pauses already.
   */
  pause(until: PromiseLike<unknown>): Promise<void>;
  /**
   * Measures the batch-norm statistics anew with one pass over the training loader, as long as an epoch
   * (`limitTrainBatches`); for use in `onFitEnd`.
   */
  refreshBatchNorm(): Promise<void>;
  /**
   * Names files and folders in `dir` that this fit will write anew, for use in `onFitStart` of a fit from the start:
   * what an earlier fit left there is moved into `previous-1`, `previous-2`, … of `dir` before anything is trained, so
   * that a folder never holds a mixture of two fits. Where to is said as a note.
   *
   * Nothing is moved when a callback's `onFitStart` throws. Those named first are moved first.
   */
  replaces(dir: string, names: readonly string[]): void;
  /** Says something: before the training when it is known by then, otherwise after the fit has ended. */
  note(message: string): void;
}
