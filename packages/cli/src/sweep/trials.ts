import { Generator, math } from '@mnist-kit/core';
import type { Changes, Choice, SearchSpace } from './space.js';

/**
 * The trials of a space, always the same ones. A random search that draws one twice has it once.
 *
 * @param space Checked by {@link checkSpace}.
 * @returns What each trial changes.
 *
 * @example
 * ```ts
 * import { listTrials } from '@mnist-kit/cli';
 *
 * const change = { 'optimizer.lr': { low: 1e-3, high: 1e-1, log: true } };
 * console.log(listTrials({ search: 'random', trials: 5, change }));
 * ```
 */
export function listTrials({ search, trials = 0, seed = 0, change = {}, list = [] }: SearchSpace): Changes[] {
  if (search === 'list') return [...list];
  if (search === 'grid') return combinations(Object.entries(change));
  const generator = new Generator(seed);
  const drawn = new Map<string, Changes>();
  for (let i = 0; i < trials; i++) {
    const changes: Record<string, unknown> = {};
    for (const [path, choice] of Object.entries(change)) changes[path] = draw(choice, generator);
    drawn.set(JSON.stringify(changes), changes);
  }
  return [...drawn.values()];
}

function combinations([first, ...others]: [string, Choice][]): Changes[] {
  if (first === undefined) return [{}];
  const [path, choice] = first;
  const rest = combinations(others);
  const values = 'values' in choice ? choice.values : [];
  return values.flatMap((value) => rest.map((changes) => ({ [path]: value, ...changes })));
}

function draw(choice: Choice, generator: Generator): unknown {
  if ('values' in choice) return choice.values[Math.floor(generator.random() * choice.values.length)];
  const { low, high, log = false } = choice;
  if (!log) return low + (high - low) * generator.random();
  return math.exp(math.log(low) + (math.log(high) - math.log(low)) * generator.random());
}
