import type { Generator, MaybePromise } from '@mnist-kit/core';
import type { Executor, ExecutorOptions } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Callback } from './callbacks/callback.js';
import type { LoaderLike, LossLike, MixupLike, OptimizerLike, SchedulerLike } from './contracts.js';
import type { Metrics } from './metrics/metric.js';
import type { SchedulerOptions } from './schedule.js';
import type { RunSnapshot } from './state/run-snapshot.js';

/** Makes the executor that a Trainer runs its model on; `createExecutor` of `@mnist-kit/engine` is one. */
export type ExecutorFactory = (model: LayersModel, options: ExecutorOptions) => MaybePromise<Executor>;

/** Options of the {@link Trainer}. */
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
  /** `auto` (default), `plan` or `eager`. */
  engine?: ExecutorOptions['engine'];
  /** Threads of the plan. Default: the number of cores, at most 8. */
  threads?: number;
  /** The same bits on every machine and thread count. Default true. */
  reproducible?: boolean;
  /** Ready-made executor (its maker disposes it), or how to make one. Default: `createExecutor`. */
  executor?: Executor | ExecutorFactory;
  /** Whether SIGINT and SIGTERM end a fit cleanly, in Node. Default true. */
  handleSignals?: boolean;
  /** Where the message after an interrupted fit goes. Default `console.log`. */
  log?: (line: string) => void;
}

/** Options of {@link Trainer.fit}. */
export interface FitOptions {
  /** Validation after every epoch: a loader (`valLoss`, `valAccuracy`), or several by name. */
  val?: LoaderLike | Readonly<Record<string, LoaderLike>>;
  /** Passes over the training loader. Default 1. */
  epochs?: number;
  /** Ends the fit after the current step when it aborts. */
  signal?: AbortSignal;
  /**
   * Goes on where an earlier fit was: `auto` from the newest whole checkpoint that the ModelCheckpoint callback
   * keeps, or from the start when there is none; a path from that checkpoint folder; or from a snapshot.
   * The model, loaders, optimizer and callbacks must be made as they were. Default: from the start.
   */
  resume?: 'auto' | (string & {}) | RunSnapshot;
}
