import type { Generator, MaybePromise } from '@mnist-kit/core';
import type { Executor, ExecutorOptions } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { GradientClippingOptions } from './callbacks/gradient-clipping.js';
import type { Duration } from './callbacks/timer.js';
import type { Callback } from './contracts/callback.js';
import type { LoaderLike, LossLike, MixupLike, OptimizerLike, SchedulerLike } from './contracts/parts.js';
import type { RunSnapshot } from './contracts/run-snapshot.js';
import type { Metrics } from './metrics/metric.js';
import type { SchedulerOptions } from './schedule.js';

/**
 * Makes the executor that a Trainer runs its model on; `createExecutor` of `@mnist-kit/engine` is one.
 *
 * @example
 * ```ts
 * import { createEagerExecutor } from '@mnist-kit/engine';
 * import type { ExecutorFactory } from '@mnist-kit/trainer';
 *
 * const onCpu: ExecutorFactory = (model, options) => createEagerExecutor(model, { ...options, backend: 'cpu' });
 * ```
 */
export type ExecutorFactory = (model: LayersModel, options: ExecutorOptions) => MaybePromise<Executor>;

/**
 * Options of the {@link Trainer}.
 *
 * @example
 * ```ts
 * import { nllLoss } from '@mnist-kit/losses';
 * import { optimizedNet } from '@mnist-kit/models';
 * import { Adam } from '@mnist-kit/optim';
 * import { Trainer, type TrainerOptions } from '@mnist-kit/trainer';
 *
 * const options: TrainerOptions = { model: optimizedNet(), optimizer: new Adam({ lr: 1e-3 }), loss: nllLoss() };
 * const trainer = new Trainer(options);
 * ```
 */
export interface TrainerOptions<M extends Metrics = Metrics> {
  /** A classifier: images of `[height, width, channels]` in, one output per class out. */
  model: LayersModel;
  /** Needed to `fit`. */
  optimizer?: OptimizerLike;
  /** Needed to `fit`. Without it evaluation reports the cross-entropy. */
  loss?: LossLike;
  /** Learning-rate scheduler, alone or with what it monitors and when it steps. */
  scheduler?: SchedulerLike | SchedulerOptions;
  /**
   * Where dropout masks and mixup come from. Give the loader the same one to follow PyTorch's single stream.
   * Default: the training loader's generator, else `new Generator(0)`.
   */
  generator?: Generator;
  /** Mixes samples of each training batch. */
  mixup?: MixupLike;
  /** Code that runs at fixed points of a fit, in this order. */
  callbacks?: readonly Callback[];
  /** Measured on validation and test loaders besides loss and accuracy, by name. */
  metrics?: M;
  /**
   * Batches whose gradients are averaged for one update. Default 1. Those left over at the end of an epoch make an
   * update of their own, with the mean of as many as there are. A loss that sums has its gradients added up.
   */
  accumulateGradBatches?: number;
  /** Limits gradients before each update: their common norm, or every element. */
  gradientClip?: GradientClippingOptions;
  /** Training batches of an epoch: a number, or a fraction below 1. Default: all. */
  limitTrainBatches?: number;
  /** Batches of each validation: a number, or a fraction below 1. Default: all. */
  limitValBatches?: number;
  /** Trains and validates on the first so many training batches, always the same, to see whether the model can learn them. */
  overfitBatches?: number;
  /** One epoch of so many batches (`true`: 1), without files, to see whether everything works. */
  fastDevRun?: boolean | number;
  /** Validates every so many epochs or, below 1, after every such fraction of an epoch. Default 1. */
  valEvery?: number;
  /** Validation batches that are run before training, to find mistakes early. Default 0. */
  numSanityValSteps?: number;
  /** Most optimizer steps of a fit. */
  maxSteps?: number;
  /** Longest time of a fit. */
  maxTime?: Duration;
  /** Ends with an error that names the tensor at the first NaN or infinity in a loss or gradient. Default false. */
  detectAnomaly?: boolean;
  /** Prints after the fit what the training steps spent their time on. Default false. */
  profiler?: boolean;
  /** `auto` (default), `plan` or `eager`. */
  engine?: ExecutorOptions['engine'];
  /** Threads of the plan. Default: the number of cores, at most 8. */
  threads?: number;
  /** Bits of the plan's vectors: `auto` (default), 128 or 256; see `ExecutorOptions`. The results are the same. */
  vectors?: ExecutorOptions['vectors'];
  /** The same bits on every machine and thread count. Default true. */
  reproducible?: boolean;
  /** Lightning's name for `reproducible`; give one of the two. */
  deterministic?: boolean;
  /** Ready-made executor (its maker disposes it), or how to make one. Default: `createExecutor`. */
  executor?: Executor | ExecutorFactory;
  /** Whether SIGINT, SIGTERM, SIGHUP and, on Windows, SIGBREAK end a fit cleanly, in Node. Default true. */
  handleSignals?: boolean;
  /** Where the message after an interrupted fit goes. Default `console.log`. */
  log?: (line: string) => void;
  /**
   * Where warnings go: of a model that runs slowly, of one whose end does not fit the loss, of a loss that became
   * NaN. Default `console.warn`.
   */
  warn?: (line: string) => void;
}

/**
 * Where a fit goes on, and what may be otherwise than it was.
 *
 * @example
 * ```ts
 * import type { ResumeOptions } from '@mnist-kit/trainer';
 *
 * const resume: ResumeOptions = { from: 'auto', override: ['optimizer.lr'] };
 * ```
 */
export interface ResumeOptions {
  /** `auto`, a path, or a snapshot, as {@link FitOptions.resume} takes them. */
  from: 'auto' | (string & {}) | RunSnapshot;
  /**
   * Settings that this fit has otherwise than the checkpoint, and shall have: `optimizer.lr`, `train.transform`, or a
   * whole part, `mixup`. The error that a resumed fit is refused with says which there are.
   *
   * A new learning rate takes the place of the one that the scheduler started from. A scheduler with other options goes
   * on from where it is; one of another class is put where it would be, had it been there from the start. A generator or
   * mixup with another seed begins its stream.
   */
  override?: readonly string[];
}

/**
 * Options of {@link Trainer.fit}.
 *
 * @example
 * ```ts
 * import type { FitOptions } from '@mnist-kit/trainer';
 *
 * const options: FitOptions = { epochs: 20, resume: 'auto', signal: AbortSignal.timeout(3_600_000) };
 * ```
 */
export interface FitOptions {
  /** Validation after every epoch: a loader (`valLoss`, `valAccuracy`), or several by name. */
  val?: LoaderLike | Readonly<Record<string, LoaderLike>>;
  /** Passes over the training loader, those before a resumed fit included. Default 1. */
  epochs?: number;
  /** Further callbacks for this fit, after the Trainer's own. */
  callbacks?: readonly Callback[];
  /** Ends the fit after the current step when it aborts. */
  signal?: AbortSignal;
  /**
   * Goes on where an earlier fit was: `auto` from the newest whole checkpoint that the ModelCheckpoint callback
   * keeps, or from the start when there is none; a path from that checkpoint folder; or from a snapshot.
   * The model, loaders, optimizer and callbacks must be made as they were: a setting that differs is refused, unless
   * `{ from, override }` names it. Default: from the start.
   */
  resume?: ResumeOptions['from'] | ResumeOptions;
}
