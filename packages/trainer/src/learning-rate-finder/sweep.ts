import { math } from '@mnist-kit/core';
import type { Callback, OptimizerStepReport } from '../contracts/callback.js';
import type { OptimizerLike } from '../contracts/parts.js';
import type { Run } from '../contracts/run.js';
import { SmoothedLoss } from './smoothed-loss.js';

/** How a {@link Sweep} goes. */
interface SweepOptions {
  readonly minLr: number;
  readonly maxLr: number;
  readonly steps: number;
  readonly mode: 'exponential' | 'linear';
  readonly smoothing: number;
  readonly divergence: number;
}

/** Raises the learning rate from update to update, and notes the loss of each. */
export class Sweep implements Callback {
  readonly name = 'LearningRateFinder';
  /** Learning rate of each update. */
  readonly lrs: number[] = [];
  /** Loss of each update, before it. */
  readonly losses: number[] = [];
  /** Whether the loss ended the sweep. */
  diverged = false;
  readonly #options: SweepOptions;
  readonly #average: SmoothedLoss;
  /** What each parameter group's rate is to the first one's. */
  #proportions: readonly number[] = [];
  #lowest = Number.POSITIVE_INFINITY;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#average = new SmoothedLoss(options.smoothing);
  }

  onFitStart({ optimizer: { lr, groups = [] } }: Run): void {
    this.#proportions = groups.map((group) => (lr === 0 ? 1 : group.lr / lr));
  }

  onBeforeOptimizerStep({ optimizer }: Run): void {
    this.#setRates(optimizer, this.#rate(this.lrs.length));
  }

  onOptimizerStepEnd(run: Run, { lr, loss }: OptimizerStepReport): void {
    this.lrs.push(lr);
    this.losses.push(loss);
    const smoothed = this.#average.add(loss);
    this.#lowest = Math.min(this.#lowest, smoothed);
    // For a loss above 0 this is so many times the lowest; a negative one is left as much room to rise.
    const highest = this.#lowest + (this.#options.divergence - 1) * Math.abs(this.#lowest);
    this.diverged = !Number.isFinite(smoothed) || smoothed > highest;
    if (this.diverged) run.stop('the loss diverges', { now: true });
  }

  #rate(update: number): number {
    const { minLr, maxLr, steps, mode } = this.#options;
    const share = update / (steps - 1);
    if (mode === 'linear') return minLr + share * (maxLr - minLr);
    return minLr * math.pow(maxLr / minLr, share);
  }

  #setRates(optimizer: OptimizerLike, lr: number): void {
    for (const [i, group] of (optimizer.groups ?? []).entries()) group.lr = this.#proportions[i] * lr;
    optimizer.lr = lr;
  }
}
