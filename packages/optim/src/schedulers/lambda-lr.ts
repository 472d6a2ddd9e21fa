import { describeFunction, InvalidArgumentError, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link LambdaLR}.
 *
 * @example
 * ```ts
 * import { LambdaLR, type LambdaLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: LambdaLROptions = { lrLambda: (epoch) => 0.95 ** epoch };
 * const scheduler = new LambdaLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface LambdaLROptions extends LRSchedulerOptions {
  /** The factor on the base learning rate at an epoch, which counts from 0. */
  lrLambda: (epoch: number) => number;
}

const names: OptionNames<LambdaLROptions> = {
  lrLambda: true,
  interval: true,
};

/**
 * Sets the learning rate to the base learning rate times a function of the epoch
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html).
 * The function is no part of the saved state.
 *
 * @throws InvalidArgumentError when `lrLambda` is no function, or gives a negative or infinite factor.
 *
 * @example
 * ```ts
 * import { LambdaLR, SGD } from '@mnist-kit/optim';
 *
 * const scheduler = new LambdaLR(new SGD({ lr: 0.1 }), { lrLambda: (epoch) => 1 / (1 + epoch) });
 * ```
 */
export class LambdaLR extends LRScheduler {
  readonly kind = 'LambdaLR';
  readonly #lrLambda: (epoch: number) => number;

  constructor(optimizer: Optimizer, options: LambdaLROptions) {
    if (new.target === LambdaLR) checkOptions('LambdaLR', options, names);
    super(optimizer, options);
    if (typeof options.lrLambda !== 'function')
      throw new InvalidArgumentError('lrLambda', 'must be a function of the epoch', options.lrLambda);
    this.#lrLambda = options.lrLambda;
    this.writeLrs();
  }

  protected override ownSettings(): Settings {
    return { lrLambda: describeFunction(this.#lrLambda) };
  }

  protected nextLr(_group: ParameterGroup, baseLr: number): number {
    const factor = this.#lrLambda(this.epoch);
    checkRange(`lrLambda(${this.epoch})`, factor, 0);
    return baseLr * factor;
  }
}
