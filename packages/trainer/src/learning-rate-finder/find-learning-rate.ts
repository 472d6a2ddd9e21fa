import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { GradientClipping } from '../callbacks/gradient-clipping.js';
import type { OptimizerLike } from '../contracts/parts.js';
import { Fit } from '../fit.js';
import type { TrainingParts } from '../fit-parts.js';
import type { TrainerOptions } from '../options.js';
import { applyShortcuts } from '../shortcuts.js';
import {
  completeOptions,
  type LearningRateSuggestion,
  type SuggestLearningRateOptions,
  suggestLearningRate,
} from './suggest-learning-rate.js';
import { Sweep } from './sweep.js';

/**
 * Options of `Trainer.findLearningRate`.
 *
 * @example
 * ```ts
 * import type { LearningRateFinderOptions } from '@mnist-kit/trainer';
 *
 * const options: LearningRateFinderOptions = { minLr: 1e-5, maxLr: 1, steps: 50 };
 * ```
 */
export interface LearningRateFinderOptions extends SuggestLearningRateOptions {
  /** First learning rate. Default 1e-6. */
  minLr?: number;
  /** Last learning rate, unless the loss diverges before. Default 10. */
  maxLr?: number;
  /** Optimizer updates; each may take several batches, over as many epochs as that needs. Default 100. */
  steps?: number;
  /** Whether the rate grows by a constant factor (default) or by a constant amount. */
  mode?: 'exponential' | 'linear';
  /** Stops when the smoothed loss is so many times its lowest; `Infinity`: only when it is no number. Default 4. */
  divergence?: number;
  /** Ends the sweep after the current update when it aborts. */
  signal?: AbortSignal;
}

/**
 * How the loss went as the learning rate grew.
 *
 * @example
 * ```ts
 * import type { LearningRateCurve } from '@mnist-kit/trainer';
 *
 * const show = ({ suggestion, reason, diverged }: LearningRateCurve) =>
 *   suggestion === undefined ? `no suggestion: ${reason}` : `${suggestion}${diverged ? ', then it diverged' : ''}`;
 * ```
 */
export interface LearningRateCurve extends LearningRateSuggestion {
  /** Learning rate of each update: that of the optimizer's first parameter group. */
  readonly lrs: readonly number[];
  /** Loss of each update, before it: the mean over its batches. */
  readonly losses: readonly number[];
  /** True where the loss ended the sweep. Otherwise a larger `maxLr` may show more. */
  readonly diverged: boolean;
}

/** Sweeps the learning rate and puts everything back: see `Trainer.findLearningRate`. */
export async function findLearningRate(
  parts: TrainingParts,
  options: LearningRateFinderOptions,
): Promise<LearningRateCurve> {
  checkOptionNames<LearningRateFinderOptions>('findLearningRate', options, {
    ...{ minLr: true, maxLr: true, steps: true, mode: true, divergence: true, signal: true },
    ...{ method: true, smoothing: true, skipBegin: true, skipEnd: true },
  });
  const { minLr = 1e-6, maxLr = 10, steps = 100, mode = 'exponential', divergence = 4, signal } = options;
  checkRange({ minLr, maxLr, steps, mode, divergence });
  const choice = completeOptions(options, { steps, minLr, maxLr });
  if (choice.skipBegin + choice.skipEnd > steps - 3)
    throw new InvalidArgumentError(
      choice.skipBegin > choice.skipEnd ? 'skipBegin' : 'skipEnd',
      `must leave at least 3 of ${steps} steps`,
      Math.max(choice.skipBegin, choice.skipEnd),
    );
  checkGroups(parts.optimizer);

  const sweep = new Sweep({ minLr, maxLr, steps, mode, divergence, smoothing: choice.smoothing });
  const putBack = await remember(parts);
  let interrupted: string | undefined;
  try {
    const { trainer, train } = await applyShortcuts(
      sweepOptions(parts.trainer, sweep, steps),
      { train: parts.train, val: {}, epochs: steps },
      parts.executor,
    );
    const none = { snapshot: undefined, resume: undefined };
    const fit = new Fit({ ...parts, ...none, trainer, train, val: {}, epochs: steps, signal });
    const history = await fit.run();
    if (history.interrupted) interrupted = history.stopMessage;
  } finally {
    await putBack();
  }
  const { lrs, losses, diverged } = sweep;
  const suggested = suggestLearningRate({ lrs, losses }, choice);
  if (interrupted === undefined) return { lrs, losses, diverged, ...suggested };
  const reason = `the sweep was interrupted (${interrupted}) after ${lrs.length} of ${steps} updates`;
  return { lrs, losses, diverged, smoothed: suggested.smoothed, suggestion: undefined, reason };
}

/** What of a Trainer's options counts in a sweep: what makes its updates, and not what watches or ends a fit. */
function sweepOptions(trainer: TrainerOptions, sweep: Sweep, steps: number): TrainerOptions {
  const clipping = (trainer.callbacks ?? []).filter((callback) => callback instanceof GradientClipping);
  return {
    ...trainer,
    ...{ callbacks: [...clipping, sweep], metrics: undefined, scheduler: undefined },
    ...{ maxSteps: steps, maxTime: undefined, fastDevRun: undefined, valEvery: undefined },
    ...{ numSanityValSteps: undefined, detectAnomaly: undefined, profiler: undefined, log: () => {} },
  };
}

/** Notes everything that training changes; answers how it is put back. */
async function remember({
  executor,
  optimizer,
  generator,
  train,
  trainer,
}: TrainingParts): Promise<() => Promise<void>> {
  const weights = await executor.readWeights();
  // An optimizer of the user's may hand out its own arrays, and leave its rates out.
  const optimizerState = structuredClone(optimizer.state());
  const { lr, groups = [] } = optimizer;
  const rates = groups.map((group) => group.lr);
  const generatorState = generator.state();
  const loaderState = train.generator?.state();
  const mixupState = structuredClone(trainer.mixup?.state?.());
  return async () => {
    await executor.writeWeights(weights);
    await executor.syncModel();
    for (const [i, rate] of rates.entries()) groups[i].lr = rate;
    if (optimizer.lr !== lr) optimizer.lr = lr;
    optimizer.loadState(optimizerState);
    generator.setState(generatorState);
    if (loaderState !== undefined) train.generator?.setState(loaderState);
    if (mixupState !== undefined) trainer.mixup?.loadState?.(mixupState);
  };
}

function checkRange({
  minLr,
  maxLr,
  steps,
  mode,
  divergence,
}: Required<Pick<LearningRateFinderOptions, 'minLr' | 'maxLr' | 'steps' | 'mode' | 'divergence'>>): void {
  if (!(minLr > 0)) throw new InvalidArgumentError('minLr', 'must be above 0', minLr);
  if (!(maxLr > minLr) || maxLr === Infinity)
    throw new InvalidArgumentError('maxLr', `must be above minLr, ${minLr}, and finite`, maxLr);
  if (!Number.isInteger(steps) || steps < 10)
    throw new InvalidArgumentError('steps', 'must be an integer of at least 10', steps);
  if (mode !== 'exponential' && mode !== 'linear')
    throw new InvalidArgumentError('mode', "must be 'exponential' or 'linear'", mode);
  if (!(divergence > 1)) throw new InvalidArgumentError('divergence', 'must be above 1', divergence);
}

/** The sweep keeps the groups' proportion to the first one's rate, which must say what that is. */
function checkGroups({ lr, groups = [] }: OptimizerLike): void {
  const other = groups.find((group) => group.lr !== lr);
  if (lr === 0 && other !== undefined)
    throw new InvalidArgumentError(
      'optimizer.lr',
      'must be above 0 when a parameter group has a learning rate of its own, which the finder keeps in proportion',
      lr,
    );
}
