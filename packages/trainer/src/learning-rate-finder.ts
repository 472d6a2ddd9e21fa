import { InvalidArgumentError, math } from '@mnist-kit/core';
import type { Callback, TrainBatchReport } from './contracts/callback.js';
import type { Run } from './contracts/run.js';
import { Fit } from './fit.js';
import type { FitParts } from './fit-parts.js';
import { setLearningRate } from './set-learning-rate.js';

/** Options of `Trainer.findLearningRate`. */
export interface LearningRateFinderOptions {
  /** First learning rate. Default 1e-6. */
  minLr?: number;
  /** Last learning rate, unless the loss diverges before. Default 1. */
  maxLr?: number;
  /** Training steps. Default 100. */
  steps?: number;
  /** Weight of the past in the smoothed loss, 0 to 1. Default 0.9. */
  smoothing?: number;
  /** Stops when the smoothed loss is so many times its lowest. Default 4. */
  divergence?: number;
}

/** How the loss went as the learning rate grew. */
export interface LearningRateCurve {
  /** Learning rate of each step; they grow by a constant factor. */
  readonly lrs: readonly number[];
  /** Loss of each step's batch. */
  readonly losses: readonly number[];
  /** Losses, exponentially smoothed. */
  readonly smoothed: readonly number[];
  /** Where the smoothed loss falls fastest: a good learning rate to start from. */
  readonly suggestion: number;
}

/**
 * Trains for a few steps while the learning rate grows, and puts everything back. Parameter groups keep the
 * proportion of their rates.
 *
 * Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, section 3.3.
 */
export async function findLearningRate(
  parts: Omit<FitParts, 'epochs' | 'val' | 'signal' | 'snapshot'>,
  { minLr = 1e-6, maxLr = 1, steps = 100, smoothing = 0.9, divergence = 4 }: LearningRateFinderOptions,
): Promise<LearningRateCurve> {
  if (!(minLr > 0)) throw new InvalidArgumentError('minLr', 'must be above 0', minLr);
  if (!(maxLr > minLr) || maxLr === Infinity)
    throw new InvalidArgumentError('maxLr', 'must be above minLr', maxLr);
  if (!Number.isInteger(steps) || steps < 10)
    throw new InvalidArgumentError('steps', 'must be an integer of at least 10', steps);
  if (!(smoothing >= 0 && smoothing < 1))
    throw new InvalidArgumentError('smoothing', 'must be at least 0 and below 1', smoothing);

  const { executor, optimizer, generator, train, trainer } = parts;
  const sweep = new Sweep(minLr, maxLr, steps, smoothing, divergence);
  const saved = {
    weights: await executor.readWeights(),
    optimizer: optimizer.state(),
    generator: generator.state(),
    loader: train.generator?.state(),
    mixup: trainer.mixup?.state?.(),
  };
  const options = { ...trainer, callbacks: [sweep], scheduler: undefined, maxSteps: steps, log: () => {} };
  try {
    await new Fit({
      ...{ ...parts, trainer: options, val: {}, epochs: steps },
      ...{ signal: undefined, snapshot: undefined },
    }).run();
  } finally {
    await executor.writeWeights(saved.weights);
    await executor.syncModel();
    optimizer.loadState(saved.optimizer);
    generator.setState(saved.generator);
    if (saved.loader !== undefined) train.generator?.setState(saved.loader);
    if (saved.mixup !== undefined) trainer.mixup?.loadState?.(saved.mixup);
  }
  return sweep.curve();
}

/** Raises the learning rate by a constant factor each step, and notes the losses. */
class Sweep implements Callback {
  readonly name = 'LearningRateFinder';
  readonly #factor: number;
  readonly #smoothing: number;
  readonly #divergence: number;
  readonly #lrs: number[] = [];
  readonly #losses: number[] = [];
  readonly #smoothed: number[] = [];
  #next: number;
  #average = 0;
  #best = Number.POSITIVE_INFINITY;

  constructor(minLr: number, maxLr: number, steps: number, smoothing: number, divergence: number) {
    this.#next = minLr;
    this.#factor = math.pow(maxLr / minLr, 1 / (steps - 1));
    this.#smoothing = smoothing;
    this.#divergence = divergence;
  }

  onBeforeOptimizerStep({ optimizer }: Run): void {
    setLearningRate(optimizer, this.#next);
  }

  onTrainBatchEnd(run: Run, { loss }: TrainBatchReport): void {
    this.#lrs.push(this.#next);
    this.#losses.push(loss);
    this.#average = this.#smoothing * this.#average + (1 - this.#smoothing) * loss;
    // The average starts at 0: its weights so far add up to this.
    const smoothed = this.#average / (1 - math.pow(this.#smoothing, this.#losses.length));
    this.#smoothed.push(smoothed);
    this.#best = Math.min(this.#best, smoothed);
    this.#next *= this.#factor;
    if (!(smoothed <= this.#divergence * this.#best)) run.stop('the loss diverges', { now: true });
  }

  curve(): LearningRateCurve {
    // Rates grow by a constant factor, so differences of losses are slopes over log(lr).
    let steepest = 0;
    for (let i = 1; i < this.#smoothed.length; i++) if (this.#slope(i) < this.#slope(steepest)) steepest = i;
    return {
      lrs: this.#lrs,
      losses: this.#losses,
      smoothed: this.#smoothed,
      suggestion: this.#lrs[steepest],
    };
  }

  #slope(i: number): number {
    return i === 0 ? 0 : this.#smoothed[i] - this.#smoothed[i - 1];
  }
}
