import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import type { LRScheduler, LRSchedulerState, SchedulerInterval } from './scheduler.js';

/** State of a {@link ChainedScheduler}. */
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
 * @throws InvalidArgumentError when there is none, or their intervals differ.
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
  readonly #schedulers: readonly LRScheduler[];

  constructor(schedulers: readonly LRScheduler[]) {
    if (!Array.isArray(schedulers) || schedulers.length === 0)
      throw new InvalidArgumentError('schedulers', 'must be an array of at least one scheduler', schedulers);
    const intervals = new Set(schedulers.map(({ interval }) => interval));
    if (intervals.size > 1)
      throw new InvalidArgumentError('schedulers', 'must all have the same interval', [...intervals]);
    this.interval = schedulers[0].interval;
    this.mode = (schedulers as { mode?: 'min' | 'max' }[]).find(({ mode }) => mode !== undefined)?.mode;
    this.#schedulers = [...schedulers];
  }

  /** Learning rate of the default group. */
  get lr(): number {
    return this.#schedulers[0].lr;
  }

  /** Learning rate of every group. */
  get lrs(): number[] {
    return this.#schedulers[0].lrs;
  }

  /** Steps every scheduler, in order. */
  step(metric?: number): void {
    for (const scheduler of this.#schedulers) scheduler.step(metric);
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
