import type { OptionNames, Settings } from '@mnist-kit/core';
import { checkInteger, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link StepLR}.
 *
 * @example
 * ```ts
 * import { SGD, StepLR, type StepLROptions } from '@mnist-kit/optim';
 *
 * const options: StepLROptions = { stepSize: 7, gamma: 0.1 };
 * const scheduler = new StepLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface StepLROptions extends LRSchedulerOptions {
  /** Number of epochs between two decays. */
  stepSize: number;
  /** Factor of each decay, default 0.1. */
  gamma?: number;
}

const names: OptionNames<StepLROptions> = {
  stepSize: true,
  gamma: true,
  interval: true,
};

/**
 * Multiplies the learning rate by `gamma` every `stepSize` epochs
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html).
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { Adam, StepLR } from '@mnist-kit/optim';
 *
 * const optimizer = new Adam({ lr: 1e-3 });
 * const scheduler = new StepLR(optimizer, { stepSize: 7, gamma: 0.1 });
 * scheduler.step(); // after each epoch
 * scheduler.lr; // 0.001
 * ```
 */
export class StepLR extends LRScheduler {
  readonly kind = 'StepLR';
  readonly #stepSize: number;
  readonly #gamma: number;

  constructor(optimizer: Optimizer, options: StepLROptions) {
    if (new.target === StepLR) checkOptions('StepLR', options, names);
    super(optimizer, options);
    const { stepSize, gamma = 0.1 } = options;
    checkInteger('stepSize', stepSize, 1);
    checkRange('gamma', gamma, 0);
    this.#stepSize = stepSize;
    this.#gamma = gamma;
  }

  protected override ownSettings(): Settings {
    return { stepSize: this.#stepSize, gamma: this.#gamma };
  }

  protected nextLr({ lr }: ParameterGroup): number {
    return this.epoch % this.#stepSize === 0 ? lr * this.#gamma : lr;
  }
}
