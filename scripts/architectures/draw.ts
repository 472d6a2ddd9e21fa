import { Generator } from '@mnist-kit/core';

/** Random choices, as a generator of architectures wants them. */
export class Draw {
  readonly generator: Generator;

  constructor(seed: number) {
    this.generator = new Generator(seed);
  }

  chance(probability: number): boolean {
    return this.generator.random() < probability;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.generator.random() * (high - low + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  /** Rows and columns: the same in most cases. */
  pair(choices: readonly number[]): [number, number] {
    const first = this.pick(choices);
    return this.chance(0.7) ? [first, first] : [first, this.pick(choices)];
  }
}
