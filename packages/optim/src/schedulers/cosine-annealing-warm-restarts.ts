import { math } from '@mnist-kit/core';
import { checkInteger, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions extends LRSchedulerOptions {
  /** Number of epochs until the first restart. */
  t0: number;
  /** Each period is this many times as long as the one before; an integer, default 1. */
  tMult?: number;
  /** Lowest learning rate, default 0. */
  etaMin?: number;
}

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
  readonly #tMult: number;
  readonly #etaMin: number;
  #sinceRestart = 0;
  #period: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingWarmRestartsOptions) {
    super(optimizer, options);
    const { t0, tMult = 1, etaMin = 0 } = options;
    checkInteger('t0', t0, 1);
    checkInteger('tMult', tMult, 1);
    checkRange('etaMin', etaMin, 0);
    this.#period = t0;
    this.#tMult = tMult;
    this.#etaMin = etaMin;
  }

  override step(): void {
    this.#sinceRestart++;
    if (this.#sinceRestart >= this.#period) {
      this.#sinceRestart -= this.#period;
      this.#period *= this.#tMult;
    }
    super.step();
  }

  protected nextLr(_group: ParameterGroup, baseLr: number): number {
    const height = 1 + math.cos((Math.PI * this.#sinceRestart) / this.#period);
    return this.#etaMin + ((baseLr - this.#etaMin) * height) / 2;
  }

  protected override extraState(): Record<string, number> {
    return { sinceRestart: this.#sinceRestart, period: this.#period };
  }

  protected override loadExtraState(extra: Readonly<Record<string, number>>): void {
    this.#sinceRestart = extra.sinceRestart;
    this.#period = extra.period;
  }
}
