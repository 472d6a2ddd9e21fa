import type { Recipe } from '../recipe.js';
import { RECIPES } from '../recipes.js';
import { deviation, mean } from '../statistics.js';
import type { Trained } from '../train-recipe.js';
import { appendResult, prepareFile, readResults, type TrialResult } from './results-file.js';
import type { Changes, Space } from './space.js';
import { applyChanges, listTrials } from './trials.js';

/** How to run a sweep. */
export interface SweepOptions {
  space: Space;
  recipe: Recipe;
  /** Results file; what it holds already is not trained again. */
  out: string;
  /** Throws for a recipe that cannot be; gives the trainable parameters of the others. */
  check: (recipe: Recipe) => number;
  /** Trains a recipe on the training half of the split and measures it on the other. */
  train: (recipe: Recipe, seed: number) => Promise<Trained>;
  print?: (line: string) => void;
}

/** Where a sweep stands: results of its last rung, best first. */
export interface Sweep {
  results: Ranked[];
  interrupted: boolean;
}

/** A trial after a rung: the means over its seeds. */
export interface Ranked {
  changes: Changes;
  epochs: number;
  parameters: number;
  valAccuracy: number;
  valLoss: number;
  /** The accuracy of each seed, and their standard deviation where there are several. */
  valAccuracies: number[];
  deviation?: number;
}

/**
 * Trains the trials of a space that are not in the results file yet, and ranks them by validation accuracy.
 *
 * With `halving`, every rung trains the best of the rung before anew, for more epochs (Jamieson and Talwalkar, 2015,
 * https://arxiv.org/abs/1502.07943): a schedule that ends after a few epochs says more than the start of a long one.
 */
export async function runSweep(options: SweepOptions): Promise<Sweep> {
  const { space, recipe, check } = options;
  const { halving = { epochs: [undefined], keep: 1 }, trainSeeds = [1] } = space;
  let trials = listTrials(space);
  // All of them before the first is trained: a mistake in the space should not show after an hour.
  for (const changes of trials) check(applyChanges(recipe, changes));
  await prepareFile(options.out);
  const known = new Map((await readResults(options.out)).map((result) => [result.key, result]));

  let ranked: Ranked[] = [];
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
async function oneTrial(
  { recipe: base, out, check, train, print = () => {} }: SweepOptions,
  { changes, seed, ...rung }: { changes: Changes; epochs: number | undefined; seed: number },
  known: Map<string, TrialResult>,
): Promise<TrialResult | undefined> {
  const changed = applyChanges(base, changes);
  const { epochs = changed.epochs } = rung;
  const recipe = { ...changed, epochs };
  // What a recipe is called does not change what comes out.
  const { title: _, ...settings } = recipe;
  const teacher = recipe.teacher && RECIPES[recipe.teacher.recipe];
  const key = JSON.stringify([settings, seed, teacher]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const parameters = check(recipe);
  let result: TrialResult = { changes, seed, epochs, parameters, key };
  if (parameters >= recipe.below) {
    result = { ...result, refused: `${parameters} parameters are not fewer than ${recipe.below}` };
  } else {
    const trained = await train(recipe, seed);
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
function rank(trials: readonly (readonly TrialResult[])[]): Ranked[] {
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
