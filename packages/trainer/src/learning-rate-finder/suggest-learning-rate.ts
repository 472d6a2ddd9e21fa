import { checkOptionNames, InvalidArgumentError, math } from '@mnist-kit/core';
import { SmoothedLoss } from './smoothed-loss.js';

/**
 * Options of {@link suggestLearningRate}.
 *
 * @example
 * ```ts
 * import { suggestLearningRate, type SuggestLearningRateOptions } from '@mnist-kit/trainer';
 *
 * const lrs = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + 0.07 * i));
 * const losses = lrs.map((lr) => 2.3 / (1 + lr / 1e-3) + lr ** 2);
 * const options: SuggestLearningRateOptions = { method: 'steepest', smoothing: 0.9 };
 * const { suggestion } = suggestLearningRate({ lrs, losses }, options);
 * ```
 */
export interface SuggestLearningRateOptions {
  /**
   * The `middle` (default) of the loss's fall, or where it is `steepest`, as PyTorch Lightning has it. Noise moves the
   * steepest point two to four times as far.
   */
  method?: 'middle' | 'steepest';
  /**
   * Weight of the past in the smoothed loss, at least 0 and below 1. Default: what makes the mean age of a loss in it
   * 0.7 decades of rates, 0.9 for a hundred updates over seven decades.
   */
  smoothing?: number;
  /** Updates at the beginning that do not count. Default: a tenth. */
  skipBegin?: number;
  /** Updates at the end that do not count. Default: a twentieth. */
  skipEnd?: number;
}

/**
 * What {@link suggestLearningRate} made of a sweep.
 *
 * @example
 * ```ts
 * import { type LearningRateSuggestion, suggestLearningRate } from '@mnist-kit/trainer';
 *
 * const { suggestion, reason }: LearningRateSuggestion = suggestLearningRate({ lrs: [1, 2, 3], losses: [1, 1, 1] });
 * console.log(suggestion, reason); // undefined: …
 * ```
 */
export interface LearningRateSuggestion {
  /** Losses, exponentially smoothed, with bias correction. */
  readonly smoothed: readonly number[];
  /** A good learning rate to start from; `undefined` where the curve shows none. */
  readonly suggestion: number | undefined;
  /** Why there is no suggestion. */
  readonly reason: string | undefined;
}

/** Between which shares of its fall the loss is taken to be falling. What comes before is noise, what after a turn. */
const FALL = { from: 0.2, to: 0.7 };
/** Decades of learning rates that the smoothed loss looks back, if it is not told how far. */
const MEMORY = 0.7;
/** Standard deviations of the smoothed loss that a fall has. Noise alone has so many in a sweep of a thousand. */
const NOISE = 10;
/** Share of the first loss that a fall has at least: where losses are exact there is no noise to compare with. */
const LEAST_FALL = 0.01;

/**
 * Chooses a learning rate from losses that were measured while the rate grew.
 *
 * The smoothed loss falls from its first value that counts to its lowest. The suggestion is the geometric mean of
 * the rates at which it has made 20% and 70% of that fall, which is measured as a ratio (as a difference where the
 * loss is not above 0). There is none where the fall is no larger than the losses' noise makes by chance.
 *
 * @param sweep Learning rates, above 0 and growing, and the loss at each.
 * @param options `method`, `smoothing`, `skipBegin`, `skipEnd`.
 * @throws InvalidArgumentError for rates that do not grow, lists that differ in length and options out of range.
 *
 * Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, section 3.3,
 * https://arxiv.org/abs/1506.01186.
 *
 * @example
 * ```ts
 * import { suggestLearningRate } from '@mnist-kit/trainer';
 *
 * const lrs = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + 0.07 * i));
 * const losses = lrs.map((lr) => 2.3 / (1 + lr / 1e-3) + lr ** 2);
 * const { suggestion } = suggestLearningRate({ lrs, losses });
 * ```
 */
export function suggestLearningRate(
  sweep: { readonly lrs: readonly number[]; readonly losses: readonly number[] },
  options: SuggestLearningRateOptions = {},
): LearningRateSuggestion {
  checkOptionNames<SuggestLearningRateOptions>('suggestLearningRate', options, {
    method: true,
    smoothing: true,
    skipBegin: true,
    skipEnd: true,
  });
  if (sweep === null || typeof sweep !== 'object')
    throw new InvalidArgumentError('sweep', 'must be { lrs, losses }', sweep);
  const { lrs, losses } = sweep;
  checkCurve(lrs, losses);
  const { method, smoothing, skipBegin, skipEnd } = completeOptions(options, {
    ...{ steps: lrs.length, minLr: lrs[0], maxLr: lrs[lrs.length - 1] },
  });
  const average = new SmoothedLoss(smoothing);
  const smoothed = losses.map((loss) => average.add(loss));
  const none = (reason: string) => ({ smoothed, suggestion: undefined, reason });

  const bad = smoothed.findIndex((loss) => !Number.isFinite(loss));
  const finite = bad === -1 ? losses.length : bad;
  const end = Math.min(finite, losses.length - skipEnd);
  if (end - skipBegin < 3)
    return none(
      `only ${finite} updates had a finite loss before it diverged, and ${skipBegin} at the beginning and ` +
        `${skipEnd} at the end do not count: lower \`minLr\``,
    );
  let lowest = skipBegin;
  for (let i = skipBegin; i < end; i++) if (smoothed[i] < smoothed[lowest]) lowest = i;
  const first = smoothed[skipBegin];
  const fall = first - smoothed[lowest];
  const needed = Math.max(NOISE * noise(losses, lowest, smoothing), LEAST_FALL * Math.abs(first));
  if (!(fall > needed))
    return none(
      `the loss did not fall by more than its noise: from ${digits(first)} to ${digits(smoothed[lowest])} at ` +
        `best, where ${digits(first - needed)} would tell. Try a larger \`maxLr\`, a smaller \`minLr\`, more ` +
        '`steps` or larger batches; what is trained already has nothing left to fall by',
    );
  if (method === 'steepest')
    return { smoothed, suggestion: lrs[steepest(lrs, smoothed, skipBegin, end)], reason: undefined };
  const low = smoothed[lowest];
  const rateAt = (share: number) => {
    const level = low > 0 ? first * math.pow(low / first, share) : first - share * fall;
    return lrs[crossing(smoothed, level, skipBegin, lowest)];
  };
  const suggestion = Math.sqrt(rateAt(FALL.from) * rateAt(FALL.to));
  return { smoothed, suggestion, reason: undefined };
}

function checkCurve(lrs: readonly number[], losses: readonly number[]): void {
  for (const [name, values] of Object.entries({ lrs, losses }))
    if (!Array.isArray(values) || values.some((value) => typeof value !== 'number'))
      throw new InvalidArgumentError(name, 'must be an array of numbers', values);
  for (const [i, lr] of lrs.entries())
    if (!(lr > (i === 0 ? 0 : lrs[i - 1])) || lr === Infinity)
      throw new InvalidArgumentError(`lrs[${i}]`, 'must be finite, above 0 and above the one before it', lr);
  if (losses.length !== lrs.length)
    throw new InvalidArgumentError('losses', `must be as many as the rates, ${lrs.length}`, losses.length);
}

/** The options of a sweep, checked, with the defaults filled in. */
export function completeOptions(
  options: SuggestLearningRateOptions,
  sweep: { readonly steps: number; readonly minLr: number; readonly maxLr: number },
): Required<SuggestLearningRateOptions> {
  const { method = 'middle', smoothing = defaultSmoothing(sweep) } = options;
  const { skipBegin = Math.round(sweep.steps / 10), skipEnd = Math.round(sweep.steps / 20) } = options;
  if (method !== 'middle' && method !== 'steepest')
    throw new InvalidArgumentError('method', "must be 'middle' or 'steepest'", method);
  if (!(smoothing >= 0 && smoothing < 1))
    throw new InvalidArgumentError('smoothing', 'must be at least 0 and below 1', smoothing);
  for (const [name, value] of Object.entries({ skipBegin, skipEnd }))
    if (!Number.isInteger(value) || value < 0)
      throw new InvalidArgumentError(name, 'must be an integer of at least 0', value);
  return { method, smoothing, skipBegin, skipEnd };
}

function defaultSmoothing({ steps, minLr, maxLr }: Parameters<typeof completeOptions>[1]): number {
  if (steps < 2) return 0;
  const decadesPerStep = math.log(maxLr / minLr) / Math.LN10 / (steps - 1);
  return Math.max(0, 1 - decadesPerStep / MEMORY);
}

/**
 * Standard deviation of the smoothed loss if nothing changed: from the losses' differences, which a slow fall does
 * not widen (von Neumann, "Distribution of the Ratio of the Mean Square Successive Difference to the Variance", 1941).
 * Those that do not count are in it, because the smoothed loss after them is made of them.
 */
function noise(losses: readonly number[], last: number, smoothing: number): number {
  let squares = 0;
  for (let i = 1; i <= last; i++) squares += (losses[i] - losses[i - 1]) ** 2;
  return Math.sqrt(((squares / (2 * last)) * (1 - smoothing)) / (1 + smoothing));
}

/** Where the smoothed loss, followed back from its lowest, was last above `level`; `first` at least. */
function crossing(smoothed: readonly number[], level: number, first: number, lowest: number): number {
  let i = lowest;
  while (i > first && smoothed[i - 1] <= level) i--;
  return i;
}

/** Where the smoothed loss falls fastest over the logarithm of the rate. */
function steepest(lrs: readonly number[], smoothed: readonly number[], first: number, end: number): number {
  const slope = (i: number) => {
    const [before, after] = [Math.max(i - 1, first), Math.min(i + 1, end - 1)];
    return (smoothed[after] - smoothed[before]) / math.log(lrs[after] / lrs[before]);
  };
  let best = first;
  for (let i = first; i < end; i++) if (slope(i) < slope(best)) best = i;
  return best;
}

function digits(loss: number): number {
  return Number(loss.toPrecision(4));
}
