import type { OptionNames, Settings } from '@mnist-kit/core';
import { checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link ExponentialLR}.
 *
 * @example
 * ```ts
 * import { ExponentialLR, type ExponentialLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: ExponentialLROptions = { gamma: 0.9 };
 * const scheduler = new ExponentialLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface ExponentialLROptions extends LRSchedulerOptions {
  /** Factor of each epoch. */
  gamma: number;
}

const names: OptionNames<ExponentialLROptions> = {
  gamma: true,
  interval: true,
};

/**
 * Multiplies the learning rate by `gamma` every epoch
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html).
 *
 * @throws InvalidArgumentError when `gamma` is negative or not finite.
 *
 * @example
 * ```ts
 * import { ExponentialLR, SGD } from '@mnist-kit/optim';
 *
 * const scheduler = new ExponentialLR(new SGD({ lr: 0.1 }), { gamma: 0.9 });
 * ```
 */
export class ExponentialLR extends LRScheduler {
  readonly kind = 'ExponentialLR';
  readonly #gamma: number;

  constructor(optimizer: Optimizer, options: ExponentialLROptions) {
    if (new.target === ExponentialLR) checkOptions('ExponentialLR', options, names);
    super(optimizer, options);
    checkRange('gamma', options.gamma, 0);
    this.#gamma = options.gamma;
  }

  protected override ownSettings(): Settings {
    return { gamma: this.#gamma };
  }

  protected nextLr({ lr }: ParameterGroup): number {
    return lr * this.#gamma;
  }
}
