import { Generator } from '@mnist-kit/core';

/** Draws of a {@link Generator}. */
export class Draw {
  readonly #generator: Generator;

  constructor(seed: number) {
    this.#generator = new Generator(seed);
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + (this.#generator.randomUint32() % (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.#generator.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }
}
