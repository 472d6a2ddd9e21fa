import { math, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkInteger, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link CosineAnnealingWarmRestarts}.
 *
 * @example
 * ```ts
 * import { CosineAnnealingWarmRestarts, type CosineAnnealingWarmRestartsOptions, SGD } from '@mnist-kit/optim';
 *
 * const options: CosineAnnealingWarmRestartsOptions = { t0: 5, tMult: 2 };
 * const scheduler = new CosineAnnealingWarmRestarts(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface CosineAnnealingWarmRestartsOptions extends LRSchedulerOptions {
  /** Number of epochs until the first restart. */
  t0: number;
  /** Each period is this many times as long as the one before; an integer, default 1. */
  tMult?: number;
  /** Lowest learning rate, default 0. */
  etaMin?: number;
}

const names: OptionNames<CosineAnnealingWarmRestartsOptions> = {
  t0: true,
  tMult: true,
  etaMin: true,
  interval: true,
};

/**
 * Half a cosine from the base learning rate down to `etaMin`, again and again (SGDR: Loshchilov and Hutter,
 * 2016, https://arxiv.org/abs/1608.03983;
 * https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html).
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { AdamW, CosineAnnealingWarmRestarts } from '@mnist-kit/optim';
 *
 * const scheduler = new CosineAnnealingWarmRestarts(new AdamW({ lr: 1e-3 }), { t0: 5, tMult: 2 });
 * ```
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly kind = 'CosineAnnealingWarmRestarts';
  readonly #t0: number;
  readonly #tMult: number;
  readonly #etaMin: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingWarmRestartsOptions) {
    if (new.target === CosineAnnealingWarmRestarts)
      checkOptions('CosineAnnealingWarmRestarts', options, names);
    super(optimizer, options);
    const { t0, tMult = 1, etaMin = 0 } = options;
    checkInteger('t0', t0, 1);
    checkInteger('tMult', tMult, 1);
    checkRange('etaMin', etaMin, 0);
    this.#t0 = t0;
    this.#tMult = tMult;
    this.#etaMin = etaMin;
    // Unlike those that multiply what is there, it starts at the base learning rate, whatever it is now.
    this.writeLrs();
  }

  protected override ownSettings(): Settings {
    return { t0: this.#t0, tMult: this.#tMult, etaMin: this.#etaMin };
  }

  protected nextLr(_group: ParameterGroup, baseLr: number): number {
    const { sinceRestart, period } = this.#position();
    const height = 1 + math.cos((Math.PI * sinceRestart) / period);
    return this.#etaMin + ((baseLr - this.#etaMin) * height) / 2;
  }

  #position(): { sinceRestart: number; period: number } {
    let period = this.#t0;
    if (this.#tMult === 1) return { sinceRestart: this.epoch % period, period };
    let sinceRestart = this.epoch;
    while (sinceRestart >= period) {
      sinceRestart -= period;
      period *= this.#tMult;
    }
    return { sinceRestart, period };
  }
}
