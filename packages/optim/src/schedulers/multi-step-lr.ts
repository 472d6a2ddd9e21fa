import { InvalidArgumentError, math, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkInteger, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link MultiStepLR}.
 *
 * @example
 * ```ts
 * import { MultiStepLR, type MultiStepLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: MultiStepLROptions = { milestones: [10, 15], gamma: 0.1 };
 * const scheduler = new MultiStepLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface MultiStepLROptions extends LRSchedulerOptions {
  /** Epochs at which the learning rate decays; one that comes twice decays twice. */
  milestones: readonly number[];
  /** Factor of each decay, default 0.1. */
  gamma?: number;
}

const names: OptionNames<MultiStepLROptions> = {
  milestones: true,
  gamma: true,
  interval: true,
};

/**
 * Multiplies the learning rate by `gamma` at given epochs
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html).
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { MultiStepLR, SGD } from '@mnist-kit/optim';
 *
 * const scheduler = new MultiStepLR(new SGD({ lr: 0.1 }), { milestones: [10, 15] });
 * ```
 */
export class MultiStepLR extends LRScheduler {
  readonly kind = 'MultiStepLR';
  readonly #milestones: readonly number[];
  readonly #gamma: number;

  constructor(optimizer: Optimizer, options: MultiStepLROptions) {
    if (new.target === MultiStepLR) checkOptions('MultiStepLR', options, names);
    super(optimizer, options);
    const { milestones, gamma = 0.1 } = options;
    if (!Array.isArray(milestones))
      throw new InvalidArgumentError('milestones', 'must be an array of epochs', milestones);
    for (const [i, milestone] of milestones.entries()) checkInteger(`milestones[${i}]`, milestone, 0);
    checkRange('gamma', gamma, 0);
    this.#milestones = [...milestones];
    this.#gamma = gamma;
    this.writeLrs();
  }

  protected override ownSettings(): Settings {
    return { milestones: this.#milestones.toSorted((a, b) => a - b), gamma: this.#gamma };
  }

  protected nextLr({ lr }: ParameterGroup): number {
    const times = this.#milestones.filter((milestone) => milestone === this.epoch).length;
    return lr * math.pow(this.#gamma, times);
  }
}
