import { InvalidArgumentError } from './errors.js';

/**
 * Every key of an options type, so that the compiler says when one is missing.
 *
 * @example
 * ```ts
 * import type { OptionNames } from '@mnist-kit/core';
 *
 * interface FadeOptions {
 *   seconds?: number;
 * }
 *
 * // The compiler asks for every option, and for no other.
 * const names: OptionNames<FadeOptions> = { seconds: true };
 * ```
 */
export type OptionNames<T> = { readonly [K in keyof Required<T>]: true };

/** What other frameworks and fingers call things; the first of each row is ours. */
const synonyms: readonly (readonly string[])[] = [
  ['lr', 'learningRate'],
  ['eps', 'epsilon'],
  ['weightDecay', 'decay', 'l2'],
  ['labelSmoothing', 'smoothing'],
  ['smoothing', 'labelSmoothing'],
  ['val', 'validation', 'validationData', 'valLoader', 'valDataloaders', 'valDataloader'],
  ['epochs', 'maxEpochs', 'numEpochs', 'nEpochs'],
  ['valEvery', 'checkValEveryNEpoch', 'valCheckInterval', 'validationFreq'],
  ['accumulateGradBatches', 'accumulate', 'accumulationSteps', 'gradientAccumulationSteps'],
  ['gradientClip', 'gradientClipVal', 'clipNorm', 'clipValue', 'maxNorm'],
  ['norm', 'maxNorm', 'clipNorm'],
  ['value', 'clipValue'],
  ['maxLr', 'maxLearningRate', 'lrMax', 'endLr'],
  ['minLr', 'minLearningRate', 'lrMin', 'startLr'],
  ['steps', 'numSteps', 'numTraining', 'numIt', 'iterations'],
  ['divergence', 'earlyStopThreshold', 'stopDiv'],
  ['resume', 'ckptPath', 'resumeFrom'],
  ['loss', 'criterion', 'lossFn'],
  ['dir', 'dirpath', 'folder', 'directory'],
  ['onFitStart', 'onTrainStart', 'onTrainBegin', 'onFitBegin'],
  ['onFitEnd', 'onTrainEnd'],
  ['onEpochStart', 'onEpochBegin', 'onTrainEpochStart'],
  ['onEpochEnd', 'onTrainEpochEnd'],
  ['onTrainBatchEnd', 'onBatchEnd'],
  ['onOptimizerStepEnd', 'onStepEnd', 'onUpdateEnd'],
  ['onValidationStart', 'onTestBegin', 'onValidationEpochStart'],
  ['onValidationEnd', 'onTestEnd', 'onValidationEpochEnd'],
];

/**
 * Refuses options that do not exist, so that a misspelt one is never ignored.
 *
 * Keys whose value is `undefined` count as left out.
 *
 * @param owner What the options are of: `Adam`.
 * @param options The options as the caller gave them; `undefined` for none.
 * @param names Every key that there is.
 * @throws InvalidArgumentError for something that is no object, or with an unknown key: it names the key and
 * the one that was probably meant.
 *
 * @example
 * ```ts
 * import { checkOptionNames } from '@mnist-kit/core';
 *
 * interface FadeOptions {
 *   seconds?: number;
 * }
 *
 * function fade(options: FadeOptions = {}): void {
 *   // fade({ second: 1 }): "`second` is not an option of fade (did you mean `seconds`?). Received: second=1"
 *   checkOptionNames<FadeOptions>('fade', options, { seconds: true });
 * }
 * ```
 */
export function checkOptionNames<T extends object>(
  owner: string,
  options: T | undefined,
  names: OptionNames<T>,
): void {
  if (options === undefined) return;
  const known = Object.keys(names);
  if (options === null || typeof options !== 'object' || Array.isArray(options))
    throw new InvalidArgumentError(
      'options',
      `of ${owner} must be an object${known.length > 0 ? ` such as { ${known[0]}: … }` : ''}`,
      options,
    );
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, key)) continue;
    const meant = closestName(key, known);
    throw new InvalidArgumentError(
      key,
      meant === undefined
        ? `is not an option of ${owner}, which has ${known.join(', ') || 'none'}`
        : `is not an option of ${owner} (did you mean \`${meant}\`?)`,
      value,
    );
  }
}

/**
 * The known name that `key` was probably meant to be, if any is close.
 *
 * @throws InvalidArgumentError for something that is no name, or no list of them.
 *
 * @param key The name that is unknown: `weight_decay`.
 * @param known Every name that there is.
 *
 * @example
 * ```ts
 * import { closestName } from '@mnist-kit/core';
 *
 * closestName('weight_decay', ['lr', 'weightDecay']); // weightDecay
 * ```
 */
export function closestName(key: string, known: readonly string[]): string | undefined {
  if (typeof key !== 'string') throw new InvalidArgumentError('key', 'must be a string', key);
  if (!Array.isArray(known) || known.some((name) => typeof name !== 'string'))
    throw new InvalidArgumentError('known', 'must be an array of strings', known);
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const asked = plain(key);
  const same = known.find((name) => plain(name) === asked);
  if (same !== undefined) return same;
  for (const [own, ...others] of synonyms)
    if (known.includes(own) && others.some((other) => plain(other) === asked)) return own;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(asked.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(asked, plain(name));
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [older, old] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], older[j - 2] + 1);
    }
    [older, old] = [old, row];
  }
  return old[b.length];
}
