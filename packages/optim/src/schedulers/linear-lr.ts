import { InvalidArgumentError, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkInteger, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link LinearLR}.
 *
 * @example
 * ```ts
 * import { LinearLR, type LinearLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: LinearLROptions = { startFactor: 0.1, totalIters: 5 };
 * const scheduler = new LinearLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface LinearLROptions extends LRSchedulerOptions {
  /** Factor on the learning rate in the first epoch, above 0 and at most 1; default 1/3. */
  startFactor?: number;
  /** Factor at the end, from 0 to 1; default 1. */
  endFactor?: number;
  /** Number of epochs until the end factor is reached, default 5. */
  totalIters?: number;
}

const names: OptionNames<LinearLROptions> = {
  startFactor: true,
  endFactor: true,
  totalIters: true,
  interval: true,
};

/**
 * Warm-up: the factor on the learning rate goes from `startFactor` to `endFactor` in `totalIters` epochs
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html).
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { LinearLR, SGD } from '@mnist-kit/optim';
 *
 * const warmup = new LinearLR(new SGD({ lr: 0.1 }), { startFactor: 0.1, totalIters: 500, interval: 'step' });
 * ```
 */
export class LinearLR extends LRScheduler {
  readonly kind = 'LinearLR';
  readonly #start: number;
  readonly #end: number;
  readonly #total: number;

  constructor(optimizer: Optimizer, options: LinearLROptions = {}) {
    if (new.target === LinearLR) checkOptions('LinearLR', options, names);
    super(optimizer, options);
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    if (!(startFactor > 0 && startFactor <= 1))
      throw new InvalidArgumentError('startFactor', 'must be above 0 and at most 1', startFactor);
    checkRange('endFactor', endFactor, 0);
    if (endFactor > 1) throw new InvalidArgumentError('endFactor', 'must be at most 1', endFactor);
    checkInteger('totalIters', totalIters, 1);
    this.#start = startFactor;
    this.#end = endFactor;
    this.#total = totalIters;
    for (const group of optimizer.groups) group.lr *= startFactor;
  }

  protected override ownSettings(): Settings {
    return { startFactor: this.#start, endFactor: this.#end, totalIters: this.#total };
  }

  // In the form that multiplies what is there, so that two schedulers on one optimizer work together.
  protected nextLr({ lr }: ParameterGroup): number {
    if (this.epoch > this.#total) return lr;
    const slope = this.#end - this.#start;
    return lr * (1 + slope / (this.#total * this.#start + (this.epoch - 1) * slope));
  }
}
