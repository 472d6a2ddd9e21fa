import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { platform } from '#trainer/platform';
import type { OptimizerLike } from './contracts/parts.js';
import type { Run, StopOptions } from './contracts/run.js';
import type { FinalStop, RunSnapshot } from './contracts/run-snapshot.js';
import type { History } from './history.js';

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
  lrs: number[] = [];
  /** Set when the fit should end after the current epoch. */
  stopping = false;
  /** Set when the fit should end after the current step. */
  stoppingNow = false;
  epochFinished = false;
  /** Whether nothing is half done, so that a snapshot is exact. */
  safe = false;
  /** Set when that is because of Ctrl-C, SIGTERM or an abort. */
  interrupted = false;
  /** Set by a stop that takes effect at once: before an update, it skips the update. */
  skipUpdate = false;
  /** A stop that outlasts the process: a resumed fit stays stopped by it. */
  finalStop: FinalStop | undefined;
  /** Batch of this epoch after which validation ran last. */
  validatedAt = 0;
  /** What is still to be said. */
  readonly notes: string[] = [];
  /** Names of what callbacks will write anew, by folder; `undefined` once it has been moved. */
  #replaced: Map<string, Set<string>> | undefined = new Map();
  /** Milliseconds of pauses that are over, and when the one that is not began. */
  #paused = 0;
  #pausedSince: number | undefined;
  /** How statistics are refreshed; set by the fit. */
  refresh: () => Promise<void> = () => Promise.resolve();
  /** How a snapshot is taken; set by the fit. */
  capture: () => Promise<RunSnapshot> = () => Promise.reject(new CheckpointError('The fit has not started.'));

  constructor(parts: RunParts) {
    this.model = parts.model;
    this.executor = parts.executor;
    this.optimizer = parts.optimizer;
    this.history = parts.history;
    this.epochs = parts.epochs;
    this.batchesPerEpoch = parts.batchesPerEpoch;
    this.monitors = parts.monitors;
  }

  stop(reason: string, { now = false, final = true }: StopOptions = {}): void {
    if (final)
      this.finalStop = { reason: this.finalStop?.reason ?? reason, now: now || this.finalStop?.now === true };
    if (!this.stopping) {
      this.history.stopReason = 'stopped';
      this.history.stopMessage = reason;
    }
    this.stopping = true;
    this.stoppingNow ||= now;
    this.skipUpdate ||= now;
  }

  refreshBatchNorm(): Promise<void> {
    return this.refresh();
  }

  snapshot(): Promise<RunSnapshot> {
    if (this.safe) return this.capture();
    return Promise.reject(
      new CheckpointError(
        'A snapshot can only be taken in onSafePoint: elsewhere a step or epoch is half done.',
      ),
    );
  }

  /** Ctrl-C or an abort: stronger than a stop that is already under way. */
  interrupt(reason: string): void {
    this.history.stopReason = 'interrupted';
    this.history.stopMessage = reason;
    this.interrupted = true;
    this.stopping = true;
    this.stoppingNow = true;
  }

  /** Notes the learning rates of the step that the optimizer is about to take. */
  noteRates(): void {
    const { lr, groups } = this.optimizer;
    this.lr = lr;
    this.lrs.length = groups?.length ?? 1;
    for (let i = 0; i < this.lrs.length; i++) this.lrs[i] = groups?.[i].lr ?? lr;
  }

  /** Forgets how the fit that this one goes on from ended, but for what was final. */
  goOn(finalStop: FinalStop | undefined): void {
    if (!this.interrupted) {
      this.history.stopReason = 'epochs';
      this.history.stopMessage = undefined;
    }
    if (finalStop !== undefined) this.stop(finalStop.reason, { now: finalStop.now });
  }

  replaces(dir: string, names: readonly string[]): void {
    if (this.#replaced === undefined)
      throw new InvalidArgumentError('replaces', 'must be called in onFitStart: the training has begun', dir);
    const known = this.#replaced.get(dir) ?? new Set();
    this.#replaced.set(dir, known);
    for (const name of names) known.add(name);
  }

  /** Moves what callbacks said that they replace. */
  async setAside(): Promise<void> {
    const replaced = this.#replaced ?? new Map<string, Set<string>>();
    this.#replaced = undefined;
    if (replaced.size === 0) return;
    for (const [dir, names] of replaced) {
      const aside = await platform.storage.setAside(dir, names);
      if (aside !== undefined) this.note(`What an earlier fit left in ${dir} is in ${aside} now.`);
    }
  }

  now(): number {
    return (this.#pausedSince ?? performance.now()) - this.#paused;
  }

  async pause(until: PromiseLike<unknown>): Promise<void> {
    if (this.#pausedSince !== undefined)
      throw new InvalidArgumentError('pause', 'must not be called while the fit pauses already', 'pause');
    const since = performance.now();
    this.#pausedSince = since;
    try {
      await until;
    } finally {
      this.#paused += performance.now() - since;
      this.#pausedSince = undefined;
    }
  }

  note(message: string): void {
    this.notes.push(message);
  }
}
