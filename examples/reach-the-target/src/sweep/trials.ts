import { Generator, InvalidArgumentError, math } from '@mnist-kit/core';
import type { Recipe } from '../recipe.js';
import type { Changes, Choice, Space } from './space.js';

/** The trials of a space, always the same ones. A random search that draws one twice has it once. */
export function listTrials({ search, trials = 0, seed = 0, change = {}, list = [] }: Space): Changes[] {
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

/**
 * A copy of the recipe with some fields changed.
 *
 * @throws InvalidArgumentError for a field that a recipe cannot have there.
 */
export function applyChanges(recipe: Recipe, changes: Changes): Recipe {
  const copy = structuredClone(recipe);
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() as string;
    let place = copy as unknown as Record<string, unknown>;
    for (const key of keys) {
      const next = Object.hasOwn(place, key) ? place[key] : undefined;
      if (typeof next !== 'object' || next === null) throw unknownField(path, place, key);
      place = next as Record<string, unknown>;
    }
    const known = Object.hasOwn(place, last) || optional.includes(path);
    if (!known) throw unknownField(path, place, last);
    place[last] = structuredClone(value);
  }
  return copy;
}

/** Fields that a recipe may lack. */
const optional = ['labelSmoothing', 'mixup', 'averageFrom', 'teacher', 'net.scale', 'optimizer.decayAll'];

function unknownField(path: string, place: object, key: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'change',
    `must name fields of the recipe: '${path}' has no '${key}' among ${Object.keys(place).join(', ')}`,
    path,
  );
}
