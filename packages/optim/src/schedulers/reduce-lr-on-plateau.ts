import { InvalidArgumentError, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkInteger, checkOneOf, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link ReduceLROnPlateau}.
 *
 * @example
 * ```ts
 * import { ReduceLROnPlateau, type ReduceLROnPlateauOptions, SGD } from '@mnist-kit/optim';
 *
 * const options: ReduceLROnPlateauOptions = { mode: 'max', factor: 0.5, patience: 3, minLr: 1e-6 };
 * const scheduler = new ReduceLROnPlateau(new SGD({ lr: 0.1 }), options);
 * ```
 */
export interface ReduceLROnPlateauOptions extends LRSchedulerOptions {
  /** Whether the metric should fall (`min`, the default) or rise. */
  mode?: 'min' | 'max';
  /** Factor of each reduction, below 1; default 0.1. */
  factor?: number;
  /** Number of epochs without improvement that are let pass, default 10. */
  patience?: number;
  /** How much better counts as better, default 1e-4. */
  threshold?: number;
  /** Whether the threshold is a share of the best value (`rel`, the default) or an amount. */
  thresholdMode?: 'rel' | 'abs';
  /** Number of epochs after a reduction in which nothing is counted, default 0. */
  cooldown?: number;
  /** Lowest learning rate, of all groups or of each; default 0. */
  minLr?: number | readonly number[];
  /** A reduction by no more than this is left out, default 1e-8. */
  eps?: number;
}

const names: OptionNames<ReduceLROnPlateauOptions> = {
  mode: true,
  factor: true,
  patience: true,
  threshold: true,
  thresholdMode: true,
  cooldown: true,
  minLr: true,
  eps: true,
  interval: true,
};

/**
 * Reduces the learning rate when a metric has stopped improving
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html).
 * A metric that is NaN counts as no improvement.
 *
 * @throws InvalidArgumentError when an option is out of range, or `step` is called without a metric.
 *
 * @example
 * ```ts
 * import { AdamW, ReduceLROnPlateau } from '@mnist-kit/optim';
 *
 * const optimizer = new AdamW({ lr: 1e-3 });
 * const scheduler = new ReduceLROnPlateau(optimizer, { mode: 'max', factor: 0.5, patience: 3 });
 * scheduler.step(97.5); // validation accuracy, after each epoch
 * ```
 */
export class ReduceLROnPlateau extends LRScheduler {
  readonly kind = 'ReduceLROnPlateau';
  /** Whether the metric should fall or rise. */
  readonly mode: 'min' | 'max';
  readonly #factor: number;
  readonly #patience: number;
  readonly #threshold: number;
  readonly #relative: boolean;
  readonly #cooldown: number;
  readonly #minLrs: readonly number[];
  readonly #eps: number;
  #best: number | null = null;
  #badEpochs = 0;
  #cooling = 0;

  constructor(optimizer: Optimizer, options: ReduceLROnPlateauOptions = {}) {
    if (new.target === ReduceLROnPlateau) checkOptions('ReduceLROnPlateau', options, names);
    super(optimizer, options);
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel' } = options;
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    checkOneOf('mode', mode, ['min', 'max']);
    checkRange('factor', factor, 0, 1);
    checkInteger('patience', patience, 0);
    checkRange('threshold', threshold, 0);
    checkOneOf('thresholdMode', thresholdMode, ['rel', 'abs']);
    checkInteger('cooldown', cooldown, 0);
    checkRange('eps', eps, 0);
    const groups = optimizer.groups.length;
    const minLrs = typeof minLr === 'number' ? Array.from({ length: groups }, () => minLr) : minLr;
    if (!Array.isArray(minLrs) || minLrs.length !== groups)
      throw new InvalidArgumentError('minLr', `must be a number or one per group (${groups})`, minLr);
    for (const value of minLrs) checkRange('minLr', value, 0);
    this.mode = mode;
    this.#factor = factor;
    this.#patience = patience;
    this.#threshold = threshold;
    this.#relative = thresholdMode === 'rel';
    this.#cooldown = cooldown;
    this.#minLrs = [...minLrs];
    this.#eps = eps;
  }

  /**
   * Looks at the metric of the epoch that ended.
   *
   * @throws InvalidArgumentError when there is no metric.
   */
  override step(metric?: number): void {
    if (typeof metric !== 'number')
      throw new InvalidArgumentError('metric', 'must be a number: the value to watch, e.g. the loss', metric);
    this.epoch++;
    if (this.#isBetter(metric)) {
      this.#best = metric;
      this.#badEpochs = 0;
    } else {
      this.#badEpochs++;
    }
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#badEpochs = 0;
    }
    if (this.#badEpochs > this.#patience) {
      this.writeLrs();
      this.#cooling = this.#cooldown;
      this.#badEpochs = 0;
    }
  }

  // It has no base, so that a scheduler that is made later starts from the learning rate of that moment.
  protected override startingLrs(): readonly number[] {
    return this.lrs;
  }

  protected override ownSettings(): Settings {
    return {
      mode: this.mode,
      factor: this.#factor,
      patience: this.#patience,
      threshold: this.#threshold,
      thresholdMode: this.#relative ? 'rel' : 'abs',
      cooldown: this.#cooldown,
      minLr: this.#minLrs,
      eps: this.#eps,
    };
  }

  protected nextLr({ lr }: ParameterGroup, _baseLr: number, i: number): number {
    const reduced = Math.max(lr * this.#factor, this.#minLrs[i]);
    return lr - reduced > this.#eps ? reduced : lr;
  }

  #isBetter(metric: number): boolean {
    const best = this.#best ?? (this.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
    const sign = this.mode === 'min' ? -1 : 1;
    const bar = this.#relative ? best * (1 + sign * this.#threshold) : best + sign * this.#threshold;
    return this.mode === 'min' ? metric < bar : metric > bar;
  }

  protected override extraState(): Record<string, number | null> {
    return { best: this.#best, badEpochs: this.#badEpochs, cooling: this.#cooling };
  }

  protected override loadExtraState(extra: Readonly<Record<string, number | null>>): void {
    this.#best = extra.best;
    this.#badEpochs = extra.badEpochs ?? 0;
    this.#cooling = extra.cooling ?? 0;
  }
}
