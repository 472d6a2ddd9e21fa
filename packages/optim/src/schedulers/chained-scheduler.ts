import { CheckpointError, InvalidArgumentError, type Settings } from '@mnist-kit/core';
import type { Optimizer } from '../optimizer.js';
import type { LRScheduler, LRSchedulerState, SchedulerInterval } from './scheduler.js';

/**
 * State of a {@link ChainedScheduler}.
 *
 * @example
 * ```ts
 * import { ChainedScheduler, type ChainedSchedulerState, ExponentialLR, SGD } from '@mnist-kit/optim';
 *
 * const optimizer = new SGD({ lr: 0.1 });
 * const scheduler = new ChainedScheduler([new ExponentialLR(optimizer, { gamma: 0.9 })]);
 * const state: ChainedSchedulerState = scheduler.state();
 * scheduler.loadState(state);
 * ```
 */
export interface ChainedSchedulerState {
  /** `ChainedScheduler`. */
  readonly kind: string;
  /** The states of the schedulers, in order. */
  readonly schedulers: readonly LRSchedulerState[];
}

/**
 * Several schedulers on one optimizer, stepped together: a warm-up and a decay
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html).
 * It needs schedulers that multiply what is there: StepLR, MultiStepLR, ExponentialLR, LinearLR, ConstantLR,
 * CosineAnnealingLR, ReduceLROnPlateau.
 *
 * @throws InvalidArgumentError when there is none, or their optimizers, intervals or modes differ.
 *
 * @example
 * ```ts
 * import { ChainedScheduler, CosineAnnealingLR, LinearLR, SGD } from '@mnist-kit/optim';
 *
 * const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
 * const scheduler = new ChainedScheduler([
 *   new LinearLR(optimizer, { startFactor: 0.1, totalIters: 2 }),
 *   new CosineAnnealingLR(optimizer, { tMax: 20 }),
 * ]);
 * ```
 */
export class ChainedScheduler {
  readonly kind = 'ChainedScheduler';
  /** When the Trainer calls {@link ChainedScheduler.step}. */
  readonly interval: SchedulerInterval;
  /** Whether the metric should fall or rise, where one of the schedulers watches one. */
  readonly mode?: 'min' | 'max';
  /** The optimizer whose learning rates these write. */
  readonly optimizer: Optimizer;
  readonly #schedulers: readonly LRScheduler[];

  constructor(schedulers: readonly LRScheduler[]) {
    if (!Array.isArray(schedulers) || schedulers.length === 0)
      throw new InvalidArgumentError('schedulers', 'must be an array of at least one scheduler', schedulers);
    for (const [i, scheduler] of schedulers.entries())
      if (typeof scheduler?.step !== 'function')
        throw new InvalidArgumentError(`schedulers[${i}]`, 'must be a scheduler', scheduler);
    if (schedulers.some(({ optimizer }) => optimizer !== schedulers[0].optimizer))
      throw new InvalidArgumentError('schedulers', 'must all be of the same optimizer', schedulers);
    const intervals = new Set(schedulers.map(({ interval }) => interval));
    if (intervals.size > 1)
      throw new InvalidArgumentError('schedulers', 'must all have the same interval', [...intervals]);
    const modes = new Set(schedulers.map(modeOf).filter((mode) => mode !== undefined));
    if (modes.size > 1)
      throw new InvalidArgumentError('schedulers', 'must all watch a metric in the same mode', [...modes]);
    this.optimizer = schedulers[0].optimizer;
    this.interval = schedulers[0].interval;
    [this.mode] = modes;
    this.#schedulers = [...schedulers];
  }

  /** How the schedulers were set, by their position. */
  get settings(): Settings {
    return Object.fromEntries(
      this.#schedulers.map((scheduler, i) => [i, { kind: scheduler.kind, ...scheduler.settings }]),
    );
  }

  /** Learning rate of the default group. */
  get lr(): number {
    return this.#schedulers[0].lr;
  }

  /** Learning rate of every group. */
  get lrs(): number[] {
    return this.#schedulers[0].lrs;
  }

  /**
   * Steps every scheduler, in order.
   *
   * @param metric For those that watch one.
   * @throws InvalidArgumentError when one of them needs a metric and there is none, or none of them does and there
   * is one.
   */
  step(metric?: number): void {
    if (this.mode === undefined && metric !== undefined)
      throw new InvalidArgumentError(
        'metric',
        'must be left out: none of the schedulers watches one',
        metric,
      );
    for (const scheduler of this.#schedulers) {
      if (modeOf(scheduler) === undefined) scheduler.step();
      else scheduler.step(metric);
    }
  }

  /** Has every scheduler go on from other base learning rates. */
  rebase(change: (lr: number, i: number) => number): void {
    for (const scheduler of this.#schedulers) scheduler.rebase(change);
  }

  /** The states of all. */
  state(): ChainedSchedulerState {
    return { kind: this.kind, schedulers: this.#schedulers.map((scheduler) => scheduler.state()) };
  }

  /**
   * Goes on from a saved state.
   *
   * @throws CheckpointError when it does not fit.
   */
  loadState(state: ChainedSchedulerState): void {
    if (state?.kind !== this.kind || state.schedulers?.length !== this.#schedulers.length)
      throw new CheckpointError(
        `This state is not of a ChainedScheduler with ${this.#schedulers.length} schedulers.`,
      );
    for (const [i, scheduler] of this.#schedulers.entries()) scheduler.loadState(state.schedulers[i]);
  }
}

/** Which way the metric should go that a scheduler watches; undefined for one that watches none. */
function modeOf(scheduler: LRScheduler): 'min' | 'max' | undefined {
  return (scheduler as { readonly mode?: 'min' | 'max' }).mode;
}
