import type { Executor } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptimizerLike } from './contracts.js';
import type { History } from './history.js';

/** How {@link Run.stop} ends a fit. */
export interface StopOptions {
  /** `true` ends after the current step, without validation; `false` (default) after the current epoch. */
  now?: boolean;
}

/** A fit in progress, as callbacks see it. */
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
  /** Numbers that every epoch's record will hold: what `monitor` may name. */
  readonly monitors: readonly string[];
  /** Ends the fit; `reason` says why, for people. */
  stop(reason: string, options?: StopOptions): void;
  /** Says something after the fit has ended, e.g. where the best weights are. */
  note(message: string): void;
}

/** Everything a {@link RunState} is made of. */
interface RunParts {
  readonly model: LayersModel;
  readonly executor: Executor;
  readonly optimizer: OptimizerLike;
  readonly history: History;
  readonly epochs: number;
  readonly batchesPerEpoch: number | undefined;
  readonly monitors: readonly string[];
}

/** The Trainer's side of a {@link Run}: the same fields, writable. */
export class RunState implements Run {
  readonly model: LayersModel;
  readonly executor: Executor;
  readonly optimizer: OptimizerLike;
  readonly history: History;
  readonly epochs: number;
  readonly batchesPerEpoch: number | undefined;
  readonly monitors: readonly string[];
  epoch = 0;
  batch = 0;
  step = 0;
  lr = 0;
  /** Set when the fit should end after the current epoch. */
  stopping = false;
  /** Set when the fit should end after the current step. */
  stoppingNow = false;
  readonly notes: string[] = [];

  constructor(parts: RunParts) {
    this.model = parts.model;
    this.executor = parts.executor;
    this.optimizer = parts.optimizer;
    this.history = parts.history;
    this.epochs = parts.epochs;
    this.batchesPerEpoch = parts.batchesPerEpoch;
    this.monitors = parts.monitors;
  }

  stop(reason: string, { now = false }: StopOptions = {}): void {
    if (!this.stopping) {
      this.history.stopReason = 'stopped';
      this.history.stopMessage = reason;
    }
    this.stopping = true;
    this.stoppingNow ||= now;
  }

  /** Ctrl-C or an abort: stronger than a stop that is already under way. */
  interrupt(reason: string): void {
    this.history.stopReason = 'interrupted';
    this.history.stopMessage = reason;
    this.stopping = true;
    this.stoppingNow = true;
  }

  note(message: string): void {
    this.notes.push(message);
  }
}
