import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';

/**
 * The fields that a trial changes, and to what.
 *
 * @example
 * ```ts
 * import { type Changes } from '@mnist-kit/cli';
 *
 * const changes: Changes = { 'optimizer.lr': 0.01, batchSize: 64 };
 * ```
 */
export type Changes = Readonly<Record<string, unknown>>;

/**
 * What a field may be: one of some values, or a number between two.
 *
 * @example
 * ```ts
 * import { type Choice } from '@mnist-kit/cli';
 *
 * const choice: Choice = { values: [64, 128] };
 * ```
 */
export type Choice = { readonly values: readonly unknown[] } | Range;

/**
 * Numbers from `low` to `high`, evenly drawn; with `log` their logarithms are.
 *
 * @example
 * ```ts
 * import { type Range } from '@mnist-kit/cli';
 *
 * const range: Range = { low: 1e-3, high: 1e-1, log: true };
 * ```
 */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly log?: boolean;
}

/**
 * What a search tries.
 *
 * @example
 * ```ts
 * import { type SearchSpace } from '@mnist-kit/cli';
 *
 * const space: SearchSpace = {
 *   search: 'random',
 *   trials: 20,
 *   change: { 'optimizer.lr': { low: 1e-3, high: 1e-1, log: true } },
 *   halving: { epochs: [2, 6, 20], keep: 0.4 },
 * };
 * ```
 */
export interface SearchSpace {
  /** Every combination of the values of `change`, random ones, or what `list` says. */
  readonly search: 'grid' | 'random' | 'list';
  /** Trials of a random search. */
  readonly trials?: number;
  /** Seed of the drawing of random trials; default 0. */
  readonly seed?: number;
  /** Choices by the field that they are for, e.g. `optimizer.lr` or `augmentation.0.degrees`. */
  readonly change?: Readonly<Record<string, Choice>>;
  /** The trials one by one: what each changes, by field. */
  readonly list?: readonly Changes[];
  /** Seeds that every trial is trained with; default `[1]`. */
  readonly trainSeeds?: readonly number[];
  /** Successive halving: all trials are trained for the first number of epochs, the best of them for the next, … */
  readonly halving?: { readonly epochs: readonly number[]; readonly keep: number };
}

const names: OptionNames<SearchSpace> = {
  search: true,
  trials: true,
  seed: true,
  change: true,
  list: true,
  trainSeeds: true,
  halving: true,
};

/**
 * Checks a search space that comes from a file.
 *
 * @throws InvalidArgumentError that names the field.
 *
 * @example
 * ```ts
 * import { checkSpace, listTrials } from '@mnist-kit/cli';
 *
 * const space = checkSpace({ search: 'grid', change: { 'optimizer.lr': { values: [0.01, 0.1] } } });
 * console.log(listTrials(space)); // [{ 'optimizer.lr': 0.01 }, { 'optimizer.lr': 0.1 }]
 * ```
 */
export function checkSpace(value: unknown): SearchSpace {
  if (!isObject(value)) throw new InvalidArgumentError('space', 'must be an object of JSON or YAML', value);
  checkOptionNames<SearchSpace>('the search space', value as SearchSpace, names);
  const { search, trials, seed = 0, trainSeeds = [1], halving } = value as SearchSpace;
  if (!['grid', 'random', 'list'].includes(search))
    throw new InvalidArgumentError('search', "must be 'grid', 'random' or 'list'", search);
  if (search === 'random') checkInteger('trials', trials, 1);
  else if (trials !== undefined)
    throw new InvalidArgumentError(
      'trials',
      'must be left out of a grid or a list, which have all of theirs',
      trials,
    );
  checkInteger('seed', seed, 0);
  if (!Array.isArray(trainSeeds) || trainSeeds.length === 0)
    throw new InvalidArgumentError('trainSeeds', 'must be a non-empty array of seeds', trainSeeds);
  for (const [i, one] of trainSeeds.entries()) checkInteger(`trainSeeds[${i}]`, one, 0);
  if (new Set(trainSeeds).size < trainSeeds.length)
    throw new InvalidArgumentError('trainSeeds', 'must be different seeds', trainSeeds);
  checkTrials(value as SearchSpace);
  if (halving === undefined) return value as SearchSpace;
  checkHalving(halving);
  return value as SearchSpace;
}

function checkTrials({ search, change, list, halving }: SearchSpace): void {
  const [needed, other] = search === 'list' ? ['list', 'change'] : ['change', 'list'];
  if ((search === 'list' ? change : list) !== undefined)
    throw new InvalidArgumentError(other, `must be left out: search '${search}' reads ${needed}`, search);
  if (search === 'list') {
    if (!Array.isArray(list) || list.length === 0 || !list.every(isObject))
      throw new InvalidArgumentError('list', 'must be a non-empty array of { field: value }', list);
  } else {
    if (!isObject(change) || Object.keys(change).length === 0)
      throw new InvalidArgumentError('change', 'must say for at least one field what it may be', change);
    for (const [path, choice] of Object.entries(change)) checkChoice(path, choice, search);
  }
  const fields = search === 'list' ? (list ?? []).flatMap(Object.keys) : Object.keys(change ?? {});
  if (halving !== undefined && fields.includes('epochs'))
    throw new InvalidArgumentError(needed, 'must not have epochs: halving sets them', fields);
}

function isObject<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkChoice(path: string, choice: Choice, search: SearchSpace['search']): void {
  const argument = `change['${path}']`;
  if (typeof choice !== 'object' || choice === null)
    throw new InvalidArgumentError(argument, 'must be { values } or { low, high }', choice);
  if ('values' in choice) {
    checkOptionNames<{ values: unknown }>(argument, choice, { values: true });
    if (!Array.isArray(choice.values) || choice.values.length === 0)
      throw new InvalidArgumentError(`${argument}.values`, 'must be a non-empty array', choice.values);
    return;
  }
  checkOptionNames<Range>(argument, choice, { low: true, high: true, log: true });
  if (search === 'grid') throw new InvalidArgumentError(argument, 'of a grid must be { values }', choice);
  const { low, high, log = false } = choice;
  if (typeof log !== 'boolean')
    throw new InvalidArgumentError(`${argument}.log`, 'must be true or false', log);
  if (!Number.isFinite(low) || (log && low <= 0))
    throw new InvalidArgumentError(`${argument}.low`, `must be a number${log ? ' above 0' : ''}`, low);
  if (!(Number.isFinite(high) && high > low))
    throw new InvalidArgumentError(`${argument}.high`, 'must be a number above low', high);
}

function checkHalving(halving: NonNullable<SearchSpace['halving']>): void {
  checkOptionNames<NonNullable<SearchSpace['halving']>>('halving', halving, { epochs: true, keep: true });
  const { epochs, keep } = halving;
  const rising = Array.isArray(epochs) && epochs.every((n, i) => n > (epochs[i - 1] ?? 0));
  if (!rising || epochs.length < 2 || !epochs.every(Number.isInteger))
    throw new InvalidArgumentError('halving.epochs', 'must be two or more rising numbers of epochs', epochs);
  if (!(keep > 0 && keep < 1))
    throw new InvalidArgumentError('halving.keep', 'must be a share of the trials above 0 and below 1', keep);
}

function checkInteger(argument: string, value: number | undefined, low: number): void {
  if (Number.isInteger(value) && (value as number) >= low && (value as number) <= 0xffffffff) return;
  throw new InvalidArgumentError(argument, `must be a whole number of at least ${low}`, value);
}
