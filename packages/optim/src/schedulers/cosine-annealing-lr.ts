import { math, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkInteger, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link CosineAnnealingLR}.
 *
 * @example
 * ```ts
 * import { CosineAnnealingLR, type CosineAnnealingLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: CosineAnnealingLROptions = { tMax: 20, etaMin: 1e-5 };
 * const scheduler = new CosineAnnealingLR(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface CosineAnnealingLROptions extends LRSchedulerOptions {
  /** Number of epochs from the base learning rate down to `etaMin`. */
  tMax: number;
  /** Lowest learning rate, default 0. */
  etaMin?: number;
}

const names: OptionNames<CosineAnnealingLROptions> = {
  tMax: true,
  etaMin: true,
  interval: true,
};

/**
 * Half a cosine from the base learning rate down to `etaMin` in `tMax` epochs, and up again if one goes on
 * (Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983;
 * https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html).
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { AdamW, CosineAnnealingLR } from '@mnist-kit/optim';
 *
 * const scheduler = new CosineAnnealingLR(new AdamW({ lr: 1e-3 }), { tMax: 20 });
 * ```
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly kind = 'CosineAnnealingLR';
  readonly #tMax: number;
  readonly #etaMin: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingLROptions) {
    if (new.target === CosineAnnealingLR) checkOptions('CosineAnnealingLR', options, names);
    super(optimizer, options);
    const { tMax, etaMin = 0 } = options;
    checkInteger('tMax', tMax, 1);
    checkRange('etaMin', etaMin, 0);
    this.#tMax = tMax;
    this.#etaMin = etaMin;
  }

  protected override ownSettings(): Settings {
    return { tMax: this.#tMax, etaMin: this.#etaMin };
  }

  // The recursive form of PyTorch: it works on what is there, so a warm-up on the same optimizer fits.
  protected nextLr({ lr }: ParameterGroup, baseLr: number): number {
    const height = (epoch: number) => 1 + math.cos((Math.PI * epoch) / this.#tMax);
    // At the bottom the recursion would divide by zero.
    if ((this.epoch - 1 - this.#tMax) % (2 * this.#tMax) === 0)
      return lr + ((baseLr - this.#etaMin) * (1 - math.cos(Math.PI / this.#tMax))) / 2;
    return (height(this.epoch) / height(this.epoch - 1)) * (lr - this.#etaMin) + this.#etaMin;
  }
}
