import type { Batch, Generator } from '@mnist-kit/core';
import type { BatchIterator, LoaderLike } from '@mnist-kit/trainer';

/** Where {@link ListLoader} gets a sample from. */
export interface Sample {
  readonly pixels: readonly number[];
  readonly label: number;
}

/** Samples of three classes that a linear model can tell apart: class c lights up pixel c. */
export function threeClasses(count: number): Sample[] {
  return Array.from({ length: count }, (_, i) => {
    const label = i % 3;
    const pixels = [0.1, 0.1, 0.1, ((i * 7) % 5) / 10];
    pixels[label] = 1;
    return { pixels, label };
  });
}

/** A loader over samples in memory, in order; with a generator it draws one word per batch. */
export class ListLoader implements LoaderLike {
  readonly length: number;
  readonly batchSize: number;
  readonly generator?: Generator;
  readonly calls: string[];
  readonly #samples: readonly Sample[];
  /** The words drawn, in order. */
  readonly words: number[] = [];
  closed = 0;

  constructor(
    samples: readonly Sample[],
    {
      batchSize = 4,
      calls = [],
      generator,
    }: { batchSize?: number; calls?: string[]; generator?: Generator } = {},
  ) {
    this.#samples = samples;
    this.batchSize = batchSize;
    this.calls = calls;
    this.generator = generator;
    this.length = Math.ceil(samples.length / batchSize);
  }

  [Symbol.asyncIterator](): BatchIterator {
    let position = 0;
    let drawn = 0;
    // A word per batch, drawn by `prefetch` or, failing that, by `next`.
    const draw = () => {
      if (drawn >= this.length) return;
      drawn++;
      if (this.generator !== undefined) this.words.push(this.generator.randomUint32());
    };
    return {
      next: async () => {
        if (position >= this.length) return { done: true, value: undefined };
        this.calls.push(`next ${position}`);
        if (drawn <= position) draw();
        const from = position * this.batchSize;
        position++;
        return { done: false, value: toBatch(this.#samples.slice(from, from + this.batchSize), from) };
      },
      prefetch: () => {
        this.calls.push('prefetch');
        draw();
      },
      return: async () => {
        this.closed++;
        return { done: true, value: undefined };
      },
    };
  }
}

function toBatch(samples: readonly Sample[], from: number): Batch {
  return {
    images: Float32Array.from(samples.flatMap(({ pixels }) => pixels)),
    labels: Int32Array.from(samples, ({ label }) => label),
    size: samples.length,
    shape: [2, 2, 1],
    indices: Int32Array.from(samples, (_, i) => from + i),
  };
}
