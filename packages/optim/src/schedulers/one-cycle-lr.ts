import { InvalidArgumentError, math, type OptionNames, type Settings } from '@mnist-kit/core';
import { checkBoolean, checkInteger, checkOneOf, checkOptions, checkRange } from '../check.js';
import type { Optimizer, ParameterGroup } from '../optimizer.js';
import { LRScheduler, type LRSchedulerOptions } from './scheduler.js';

/**
 * Options of {@link OneCycleLR}.
 *
 * @example
 * ```ts
 * import { OneCycleLR, type OneCycleLROptions, SGD } from '@mnist-kit/optim';
 *
 * const options: OneCycleLROptions = { maxLr: 0.1, totalSteps: 1000, pctStart: 0.3 };
 * const scheduler = new OneCycleLR(new SGD({ lr: 0.01, momentum: 0.9 }), options);
 * ```
 */
export interface OneCycleLROptions extends LRSchedulerOptions {
  /** Highest learning rate, of all groups or of each. */
  maxLr: number | readonly number[];
  /** Number of steps of the whole cycle; or give `epochs` and `stepsPerEpoch`. */
  totalSteps?: number;
  /** Number of epochs, with `stepsPerEpoch`. */
  epochs?: number;
  /** Number of optimizer steps in an epoch, with `epochs`. */
  stepsPerEpoch?: number;
  /** Share of the cycle in which the learning rate rises, default 0.3. */
  pctStart?: number;
  /** Shape of the way up and down, default `cos`. */
  annealStrategy?: 'cos' | 'linear';
  /** Whether the momentum (SGD) or first beta (Adam) goes the other way, default true. */
  cycleMomentum?: boolean;
  /** Lowest momentum, default 0.85. */
  baseMomentum?: number;
  /** Highest momentum, default 0.95. */
  maxMomentum?: number;
  /** The cycle starts at `maxLr / divFactor`, default 25. */
  divFactor?: number;
  /** The cycle ends at the start's learning rate divided by this, default 1e4. */
  finalDivFactor?: number;
  /** Whether the way down stops at the start's learning rate before the last decay, default false. */
  threePhase?: boolean;
}

interface Phase {
  readonly end: number;
  /** From and to: 0 is the start's learning rate, 1 the highest, 2 the last. */
  readonly lr: readonly [number, number];
  readonly momentum: readonly [number, number];
}

const names: OptionNames<OneCycleLROptions> = {
  maxLr: true,
  totalSteps: true,
  epochs: true,
  stepsPerEpoch: true,
  pctStart: true,
  annealStrategy: true,
  cycleMomentum: true,
  baseMomentum: true,
  maxMomentum: true,
  divFactor: true,
  finalDivFactor: true,
  threePhase: true,
  interval: true,
};

/**
 * One rise to a high learning rate and one long way down, step by step (Smith and Topin, 2017,
 * https://arxiv.org/abs/1708.07120;
 * https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html).
 * `interval` defaults to `step`.
 *
 * @throws InvalidArgumentError when an option is out of range, when `cycleMomentum` is wanted of an
 * optimizer without momentum, or when `step` is called more than `totalSteps` times.
 *
 * @example
 * ```ts
 * import { OneCycleLR, SGD } from '@mnist-kit/optim';
 *
 * const optimizer = new SGD({ lr: 0.01, momentum: 0.9 });
 * const scheduler = new OneCycleLR(optimizer, { maxLr: 0.1, epochs: 10, stepsPerEpoch: 391 });
 * ```
 */
export class OneCycleLR extends LRScheduler {
  readonly kind = 'OneCycleLR';
  readonly #settings: Settings;
  readonly #totalSteps: number;
  readonly #maxLrs: readonly number[];
  readonly #divFactor: number;
  readonly #finalDivFactor: number;
  readonly #cosine: boolean;
  readonly #momenta: readonly [base: number, max: number] | null;
  readonly #phases: readonly Phase[];

  constructor(optimizer: Optimizer, options: OneCycleLROptions) {
    if (new.target === OneCycleLR) checkOptions('OneCycleLR', options, names);
    super(optimizer, options, 'step');
    const { maxLr, pctStart = 0.3, annealStrategy = 'cos', threePhase = false } = options;
    const { divFactor = 25, finalDivFactor = 1e4 } = options;
    const { cycleMomentum = true, baseMomentum = 0.85, maxMomentum = 0.95 } = options;
    const total = totalSteps(options);
    checkRange('pctStart', pctStart, 0);
    if (pctStart > 1) throw new InvalidArgumentError('pctStart', 'must be at most 1', pctStart);
    checkOneOf('annealStrategy', annealStrategy, ['cos', 'linear']);
    checkRange('divFactor', divFactor, Number.MIN_VALUE);
    checkRange('finalDivFactor', finalDivFactor, Number.MIN_VALUE);
    checkBoolean('cycleMomentum', cycleMomentum);
    checkBoolean('threePhase', threePhase);
    checkRange('baseMomentum', baseMomentum, 0, 1);
    checkRange('maxMomentum', maxMomentum, 0, 1);
    if (cycleMomentum && optimizer.momentum === undefined)
      throw new InvalidArgumentError('cycleMomentum', 'must be false: the optimizer has no momentum', true);
    const groups = optimizer.groups.length;
    const maxLrs = typeof maxLr === 'number' ? Array.from({ length: groups }, () => maxLr) : maxLr;
    if (!Array.isArray(maxLrs) || maxLrs.length !== groups)
      throw new InvalidArgumentError('maxLr', `must be a number or one per group (${groups})`, maxLr);
    for (const value of maxLrs) checkRange('maxLr', value, 0);
    this.#settings = {
      ...{ maxLr: [...maxLrs], totalSteps: total, pctStart, annealStrategy, threePhase },
      ...{ divFactor, finalDivFactor, cycleMomentum },
      ...(cycleMomentum ? { baseMomentum, maxMomentum } : {}),
    };
    this.#divFactor = divFactor;
    this.#totalSteps = total;
    this.#maxLrs = [...maxLrs];
    this.#finalDivFactor = finalDivFactor;
    this.#cosine = annealStrategy === 'cos';
    this.#momenta = cycleMomentum ? [baseMomentum, maxMomentum] : null;
    const up = pctStart * total - 1;
    const rise: Phase = { end: up, lr: [0, 1], momentum: [1, 0] };
    this.#phases = threePhase
      ? [
          rise,
          { end: 2 * pctStart * total - 2, lr: [1, 0], momentum: [0, 1] },
          { end: total - 1, lr: [0, 2], momentum: [1, 1] },
        ]
      : [rise, { end: total - 1, lr: [1, 2], momentum: [0, 1] }];
    this.#setOwnBaseLrs();
    this.writeLrs();
  }

  /**
   * Moves on by one optimizer step.
   *
   * @throws InvalidArgumentError when the cycle is over.
   */
  override step(metric?: number): void {
    if (this.epoch >= this.#totalSteps)
      throw new InvalidArgumentError('totalSteps', 'must cover every step that is taken', this.#totalSteps);
    super.step(metric);
  }

  /** Its rates come from `maxLr`, whatever the optimizer's are: they are written anew. */
  override rebase(): void {
    this.writeLrs();
  }

  protected override ownSettings(): Settings {
    return this.#settings;
  }

  protected nextLr(_group: ParameterGroup, baseLr: number, i: number): number {
    const levels = [baseLr, this.#maxLrs[i], baseLr / this.#finalDivFactor];
    const { phase, progress } = this.#position();
    return this.#anneal(levels[phase.lr[0]], levels[phase.lr[1]], progress);
  }

  protected override writeLrs(): void {
    super.writeLrs();
    if (this.#momenta === null) return;
    const { phase, progress } = this.#position();
    const [from, to] = phase.momentum.map((level) => (this.#momenta as readonly number[])[level]);
    this.optimizer.momentum = this.#anneal(from, to, progress);
  }

  protected override extraState(): Record<string, number> {
    return this.#momenta === null ? {} : { momentum: this.optimizer.momentum as number };
  }

  protected override loadExtraState({ momentum }: Readonly<Record<string, number>>): void {
    if (this.#momenta !== null && momentum !== undefined) this.optimizer.momentum = momentum;
    this.#setOwnBaseLrs();
  }

  #setOwnBaseLrs(): void {
    this.setBaseLrs(this.#maxLrs.map((lr) => lr / this.#divFactor));
  }

  #position(): { phase: Phase; progress: number } {
    const last = this.#phases.length - 1;
    let start = 0;
    for (const [i, phase] of this.#phases.entries()) {
      if (i === last || this.epoch <= phase.end)
        // After the last step PyTorch would overshoot, to a learning rate below 0 in the linear case.
        return { phase, progress: Math.min(1, (this.epoch - start) / (phase.end - start)) };
      start = phase.end;
    }
    throw new Error('unreachable');
  }

  #anneal(from: number, to: number, progress: number): number {
    if (!this.#cosine) return (to - from) * progress + from;
    return to + ((from - to) / 2) * (1 + math.cos(Math.PI * progress));
  }
}

function totalSteps({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  if (totalSteps !== undefined) {
    checkInteger('totalSteps', totalSteps, 1);
    if ((epochs ?? stepsPerEpoch) !== undefined && epochs! * stepsPerEpoch! !== totalSteps)
      throw new InvalidArgumentError(
        'totalSteps',
        'must be epochs x stepsPerEpoch, or stand alone',
        totalSteps,
      );
    return totalSteps;
  }
  if (epochs === undefined || stepsPerEpoch === undefined)
    throw new InvalidArgumentError('totalSteps', 'must be given, or epochs and stepsPerEpoch', totalSteps);
  checkInteger('epochs', epochs, 1);
  checkInteger('stepsPerEpoch', stepsPerEpoch, 1);
  return epochs * stepsPerEpoch;
}
