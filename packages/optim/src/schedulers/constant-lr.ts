import { InvalidArgumentError, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkInteger, checkOptions } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link ConstantLR}.
 *
 * @example
 * ```ts
 * import { ConstantLR, type ConstantLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: ConstantLROptions = { factor: 0.1, totalIters: 2 };
 * const scheduler = new ConstantLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface ConstantLROptions extends LRSchedulerOptions {
  /** Factor on the learning rate until `totalIters`, above 0 and at most 1; default 1/3. */
  factor?: number;
  /** Number of epochs for which the factor holds, default 5. */
  totalIters?: number;
}

const names: OptionNames<ConstantLROptions> = {
  factor: true,
  totalIters: true,
  interval: true,
};

/**
 * Multiplies the learning rate by a factor for the first epochs
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html).
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { ConstantLR, SGD } from '@mnist-kit/optim';
 *
 * const warmup = new ConstantLR(new SGD({ lr: 0.1 }), { factor: 0.1, totalIters: 2 });
 * ```
 */
export class ConstantLR extends LRScheduler {
  readonly kind = 'ConstantLR';
  readonly #factor: number;
  readonly #total: number;

  constructor(optimizer: Optimizer, options: ConstantLROptions = {}) {
    if (new.target === ConstantLR) checkOptions('ConstantLR', options, names);
    super(optimizer, options);
    const { factor = 1 / 3, totalIters = 5 } = options;
    if (!(factor > 0 && factor <= 1))
      throw new InvalidArgumentError('factor', 'must be above 0 and at most 1', factor);
    checkInteger('totalIters', totalIters, 1);
    this.#factor = factor;
    this.#total = totalIters;
    for (const group of optimizer.groups) group.lr *= factor;
  }

  protected override ownSettings(): Settings {
    return { factor: this.#factor, totalIters: this.#total };
  }

  protected nextLr({ lr }: ParameterGroup): number {
    return this.epoch === this.#total ? lr * (1 / this.#factor) : lr;
  }
}
