import { CheckpointError, InvalidArgumentError, type Settings } from '@mnist-kit/core';
import { checkOneOf } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';

/**
 * How often a scheduler's `step` is called.
 *
 * @example
 * ```ts
 * import { type SchedulerInterval, SGD, StepLR } from '@mnist-kit/optim';
 *
 * const interval: SchedulerInterval = 'step';
 * const scheduler = new StepLR(new SGD({ lr: 0.1 }), { stepSize: 1000, interval });
 * ```
 */
export type SchedulerInterval = 'epoch' | 'step';

/**
 * Options that every scheduler has.
 *
 * @example
 * ```ts
 * import { type LRSchedulerOptions, SGD, StepLR } from '@mnist-kit/optim';
 *
 * const options: LRSchedulerOptions = { interval: 'step' };
 * const scheduler = new StepLR(new SGD({ lr: 0.1 }), { stepSize: 1000, ...options });
 * ```
 */
export interface LRSchedulerOptions {
  /** Whether the Trainer calls `step` after each epoch or after each optimizer step. */
  interval?: SchedulerInterval;
}

/**
 * Everything that a scheduler's next step depends on; plain JSON.
 *
 * @example
 * ```ts
 * import { type LRSchedulerState, SGD, StepLR } from '@mnist-kit/optim';
 *
 * const scheduler = new StepLR(new SGD({ lr: 0.1 }), { stepSize: 7 });
 * const state: LRSchedulerState = scheduler.state();
 * scheduler.loadState(state);
 * ```
 */
export interface LRSchedulerState {
  /** Class name of the scheduler. */
  readonly kind: string;
  /** How often `step` was called. */
  readonly epoch: number;
  /** Learning rate that each group started from. */
  readonly baseLrs: readonly number[];
  /** Learning rate of each group now. */
  readonly lrs: readonly number[];
  /** What this kind of scheduler remembers besides. */
  readonly extra: Readonly<Record<string, number | null>>;
}

/**
 * Base of the learning-rate schedulers. A subclass says what a group's learning rate becomes; the base
 * class writes it into the optimizer.
 *
 * @example
 * ```ts
 * import { LRScheduler, type ParameterGroup, SGD } from '@mnist-kit/optim';
 *
 * class Halving extends LRScheduler {
 *   readonly kind = 'Halving';
 *   protected nextLr({ lr }: ParameterGroup): number {
 *     return lr / 2;
 *   }
 * }
 * const scheduler = new Halving(new SGD({ lr: 1 }));
 * scheduler.step();
 * scheduler.lr; // 0.5
 * ```
 */
export abstract class LRScheduler {
  /** Class name, which a saved state must have too. */
  abstract readonly kind: string;
  /** When the Trainer calls {@link LRScheduler.step}. */
  readonly interval: SchedulerInterval;
  /** The optimizer whose learning rates this writes. */
  readonly optimizer: Optimizer;
  /** How often `step` was called. */
  protected epoch = 0;
  #baseLrs: readonly number[];

  /** @throws InvalidArgumentError for something that is no optimizer, or an unknown interval. */
  constructor(optimizer: Optimizer, options: LRSchedulerOptions = {}, interval: SchedulerInterval = 'epoch') {
    if (!Array.isArray(optimizer?.groups))
      throw new InvalidArgumentError('optimizer', 'must be an Optimizer, such as an Adam', optimizer);
    const { interval: chosen = interval } = options;
    checkOneOf('interval', chosen, ['epoch', 'step']);
    this.interval = chosen;
    this.optimizer = optimizer;
    this.#baseLrs = this.startingLrs();
  }

  /** How this scheduler was set: its options with their defaults. */
  get settings(): Settings {
    return { interval: this.interval, ...this.ownSettings() };
  }

  /** Learning rate of the default group: what the next epoch or step will use. */
  get lr(): number {
    return this.optimizer.lr;
  }

  /** Learning rate of every group. */
  get lrs(): number[] {
    return this.optimizer.groups.map(({ lr }) => lr);
  }

  /** Learning rate that each group started from. */
  get baseLrs(): readonly number[] {
    return this.#baseLrs;
  }

  /**
   * Moves on by one epoch, or one optimizer step, and writes the new learning rates.
   *
   * @param metric What `ReduceLROnPlateau` looks at; for the others there is nothing to give.
   * @throws InvalidArgumentError when a metric, or an epoch to jump to, is given to one that does not look at it.
   */
  step(metric?: number): void {
    if (metric !== undefined)
      throw new InvalidArgumentError(
        'metric',
        `must be left out: ${this.kind} watches none, and counts its steps itself`,
        metric,
      );
    this.epoch++;
    this.writeLrs();
  }

  /** Everything the next step depends on. */
  state(): LRSchedulerState {
    return {
      kind: this.kind,
      epoch: this.epoch,
      baseLrs: [...this.#baseLrs],
      lrs: this.lrs,
      extra: this.extraState(),
    };
  }

  /**
   * Goes on from a saved state and writes its learning rates into the optimizer.
   *
   * @throws CheckpointError when it is from another kind of scheduler or another number of groups, or damaged.
   */
  loadState(state: LRSchedulerState): void {
    if (state?.kind !== this.kind)
      throw new CheckpointError(
        `This state is of ${typeof state?.kind === 'string' ? state.kind : 'no scheduler'}, not of ${this.kind}.`,
      );
    const groups = this.optimizer.groups;
    const [lrs, baseLrs] = [state.lrs, state.baseLrs].map((list) => (Array.isArray(list) ? list : []));
    if (lrs.length !== groups.length || baseLrs.length !== groups.length)
      throw new CheckpointError(
        `The state has ${lrs.length} learning rates, the optimizer has ${groups.length} parameter groups.`,
      );
    const counted = Number.isSafeInteger(state.epoch) && state.epoch >= 0;
    if (!counted || ![...lrs, ...baseLrs].every(isRate))
      throw new CheckpointError(
        `This state of ${this.kind} is damaged: its epoch and learning rates must be numbers of at least 0.`,
      );
    this.epoch = state.epoch;
    this.#baseLrs = [...state.baseLrs];
    for (const [i, group] of groups.entries()) group.lr = state.lrs[i];
    this.loadExtraState(state.extra ?? {});
  }

  /**
   * Goes on from other base learning rates, as when the optimizer has got others. The optimizer's rates are left as
   * they are: whoever changes the base scales them too.
   *
   * @param change The base learning rate that group `i` has instead of `lr`.
   */
  rebase(change: (lr: number, i: number) => number): void {
    this.#baseLrs = this.#baseLrs.map(change);
  }

  /** Options of a subclass, for {@link LRScheduler.settings}. */
  protected ownSettings(): Settings {
    return {};
  }

  /** The learning rate that each group starts from: the same for every scheduler of an optimizer. */
  protected startingLrs(): readonly number[] {
    return this.optimizer.groups.map((group) => {
      group.initialLr ??= group.lr;
      return group.initialLr;
    });
  }

  /** The learning rate of group `i` at `this.epoch`, from what it is now and what it started from. */
  protected abstract nextLr(group: ParameterGroup, baseLr: number, i: number): number;

  /** What a subclass remembers besides the number of steps. */
  protected extraState(): Record<string, number | null> {
    return {};
  }

  /** Takes back what {@link LRScheduler.extraState} gave. */
  protected loadExtraState(_extra: Readonly<Record<string, number | null>>): void {}

  /** Writes every group's learning rate. A subclass whose first epoch differs calls it when constructed. */
  protected writeLrs(): void {
    for (const [i, group] of this.optimizer.groups.entries())
      group.lr = this.nextLr(group, this.#baseLrs[i], i);
  }

  /** Takes other base learning rates than the optimizer's. */
  protected setBaseLrs(lrs: readonly number[]): void {
    this.#baseLrs = lrs;
    for (const [i, group] of this.optimizer.groups.entries()) group.initialLr = lrs[i];
  }
}

/** Parameters are float32: no larger rate can be of use, and factors would make infinity of it. */
function isRate(lr: unknown): boolean {
  return typeof lr === 'number' && lr >= 0 && lr <= 3.4e38;
}
