import { appendResult, lockResults, prepareFile, readResults, type TrialResult } from './results-file.js';
import type { Changes, SearchSpace } from './space.js';
import { deviation, mean } from './statistics.js';
import { listTrials } from './trials.js';

/**
 * What a training of a trial came to.
 *
 * @example
 * ```ts
 * import { type TrialOutcome } from '@mnist-kit/cli';
 *
 * const outcome: TrialOutcome = { accuracy: 0.98, loss: 0.06, trainAccuracy: 0.99, seconds: 12, interrupted: false };
 * ```
 */
export interface TrialOutcome {
  /** Fraction of 1, on images that were held out. */
  readonly accuracy: number;
  /** Mean loss on the same. */
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly seconds: number;
  /** Then the rest says nothing, and the sweep ends. */
  readonly interrupted: boolean;
}

/**
 * What is known of a trial before it is trained.
 *
 * @example
 * ```ts
 * import { type CheckedTrial } from '@mnist-kit/cli';
 *
 * const checked: CheckedTrial = { parameters: 30_000, refused: '30000 parameters are too many' };
 * ```
 */
export interface CheckedTrial {
  /** Trainable parameters of its net. */
  readonly parameters: number;
  /** Why it is not to be trained, where it is not. */
  readonly refused?: string;
}

/**
 * How to run a sweep over settings of any kind.
 *
 * @example
 * ```ts
 * import { type SweepOptions } from '@mnist-kit/cli';
 *
 * const options: SweepOptions<{ epochs: number; lr: number }> = {
 *   space: { search: 'list', list: [{ lr: 0.1 }, { lr: 0.2 }] },
 *   base: { epochs: 1, lr: 0 },
 *   out: 'results.jsonl',
 *   apply: (base, changes) => ({ ...base, ...changes }),
 *   check: () => ({ parameters: 0 }),
 *   key: (settings, seed) => JSON.stringify([settings, seed]),
 *   train: async ({ lr }) => ({ accuracy: lr, loss: 0, trainAccuracy: 1, seconds: 0, interrupted: false }),
 * };
 * ```
 */
export interface SweepOptions<Settings extends { readonly epochs: number }> {
  readonly space: SearchSpace;
  /** What the trials change. */
  readonly base: Settings;
  /** Results file; what it holds already is not trained again. */
  readonly out: string;
  /** The base with some fields changed; throws for a field that there is not. */
  readonly apply: (base: Settings, changes: Changes) => Settings;
  /** Throws for settings that cannot be. */
  readonly check: (settings: Settings) => CheckedTrial | Promise<CheckedTrial>;
  /** Everything that decides the outcome, as text: results of another key are never taken for this one's. */
  readonly key: (settings: Settings, seed: number) => string;
  readonly train: (settings: Settings, seed: number) => Promise<TrialOutcome>;
  readonly print?: (line: string) => void;
}

/**
 * A trial after a rung: the means over its seeds.
 *
 * @example
 * ```ts
 * import { type RankedTrial } from '@mnist-kit/cli';
 *
 * const lineOf = ({ changes, valAccuracy }: RankedTrial) => `${JSON.stringify(changes)}: ${valAccuracy}`;
 * ```
 */
export interface RankedTrial {
  readonly changes: Changes;
  readonly epochs: number;
  readonly parameters: number;
  readonly valAccuracy: number;
  readonly valLoss: number;
  /** The accuracy of each seed, and their standard deviation where there are several. */
  readonly valAccuracies: readonly number[];
  readonly deviation?: number;
}

/**
 * Where a sweep stands: results of its last rung, best first.
 *
 * @example
 * ```ts
 * import { type Sweep } from '@mnist-kit/cli';
 *
 * const best = ({ results }: Sweep) => results[0]?.changes;
 * ```
 */
export interface Sweep {
  readonly results: RankedTrial[];
  readonly interrupted: boolean;
}

/**
 * Trains the trials of a space that are not in the results file yet, and ranks them by validation accuracy.
 *
 * With `halving`, every rung trains the best of the rung before anew, for more epochs (Jamieson and Talwalkar, 2015,
 * https://arxiv.org/abs/1502.07943): a schedule that ends after a few epochs says more than the start of a long one.
 *
 * @throws what `apply` and `check` throw, before the first trial is trained; DataError for a file that holds something
 * else; InvalidArgumentError for one that another sweep is writing to.
 *
 * @example
 * ```ts
 * import { runSweep } from '@mnist-kit/cli';
 *
 * const { results } = await runSweep({
 *   space: { search: 'grid', change: { lr: { values: [0.01, 0.1] } } },
 *   base: { epochs: 3, lr: 0.1 },
 *   out: 'results.jsonl',
 *   apply: (base, changes) => ({ ...base, ...changes }),
 *   check: () => ({ parameters: 0 }),
 *   key: (settings, seed) => JSON.stringify([settings, seed]),
 *   train: async ({ lr }) => ({ accuracy: 1 - lr, loss: lr, trainAccuracy: 1, seconds: 0, interrupted: false }),
 * });
 * console.log(results[0].changes); // { lr: 0.01 }
 * ```
 */
export async function runSweep<Settings extends { readonly epochs: number }>(
  options: SweepOptions<Settings>,
): Promise<Sweep> {
  const { space, base, apply, check, out } = options;
  const trials = listTrials(space);
  // All of them before the first is trained: a mistake in the space should not show after an hour.
  for (const changes of trials) await check(apply(base, changes));
  await prepareFile(out);
  const unlock = await lockResults(out);
  try {
    return await runTrials(options, trials);
  } finally {
    await unlock();
  }
}

async function runTrials<Settings extends { readonly epochs: number }>(
  options: SweepOptions<Settings>,
  all: readonly Changes[],
): Promise<Sweep> {
  const { halving = { epochs: [undefined], keep: 1 }, trainSeeds = [1] } = options.space;
  const known = new Map((await readResults(options.out)).map((result) => [result.key, result]));
  let trials = all;
  let ranked: RankedTrial[] = [];
  for (const [rung, epochs] of halving.epochs.entries()) {
    const done: TrialResult[][] = [];
    for (const changes of trials) {
      const results: TrialResult[] = [];
      for (const seed of trainSeeds) {
        const result = await oneTrial(options, { changes, epochs, seed }, known);
        if (result === undefined) return { results: ranked, interrupted: true };
        results.push(result);
      }
      done.push(results);
    }
    ranked = rank(done);
    const rest = Math.max(1, Math.round(ranked.length * halving.keep));
    if (rung < halving.epochs.length - 1) trials = ranked.slice(0, rest).map(({ changes }) => changes);
  }
  return { results: ranked, interrupted: false };
}

/** A result from the file, or a new one; `undefined` when training was interrupted. */
async function oneTrial<Settings extends { readonly epochs: number }>(
  { base, out, apply, check, key: keyOf, train, print = () => {} }: SweepOptions<Settings>,
  { changes, seed, ...rung }: { changes: Changes; epochs: number | undefined; seed: number },
  known: Map<string, TrialResult>,
): Promise<TrialResult | undefined> {
  const changed = apply(base, changes);
  const { epochs = changed.epochs } = rung;
  const settings = { ...changed, epochs };
  const key = keyOf(settings, seed);
  const before = known.get(key);
  if (before !== undefined) return before;
  const { parameters, refused } = await check(settings);
  let result: TrialResult = { changes, seed, epochs, parameters, key };
  if (refused !== undefined) result = { ...result, refused };
  else {
    const trained = await train(settings, seed);
    if (trained.interrupted) return undefined;
    const { accuracy, loss, trainAccuracy, seconds } = trained;
    result = { ...result, valAccuracy: accuracy, valLoss: loss, trainAccuracy, seconds };
  }
  await appendResult(out, result);
  known.set(key, result);
  const outcome =
    result.refused ??
    `validation ${((result.valAccuracy as number) * 100).toFixed(2)}% after ${epochs} epochs`;
  print(`${JSON.stringify(changes)} seed ${seed}: ${outcome}`);
  return result;
}

/** Best validation accuracy first, and the smaller loss where that is equal. Refused trials are left out. */
function rank(trials: readonly (readonly TrialResult[])[]): RankedTrial[] {
  return trials
    .filter(([first]) => first.refused === undefined)
    .map((results) => {
      const [{ changes, epochs, parameters }] = results;
      const valAccuracies = results.map((result) => result.valAccuracy as number);
      const valAccuracy = mean(valAccuracies);
      const valLoss = mean(results.map((result) => result.valLoss ?? Number.NaN));
      return {
        ...{ changes, epochs, parameters, valAccuracy, valLoss, valAccuracies },
        deviation: deviation(valAccuracies),
      };
    })
    .sort((a, b) => b.valAccuracy - a.valAccuracy || a.valLoss - b.valLoss);
}
