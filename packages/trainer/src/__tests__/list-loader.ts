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

/** Options of {@link ListLoader}. */
interface ListLoaderOptions {
  batchSize?: number;
  calls?: string[];
  /** With it the loader draws one word per batch. */
  generator?: Generator;
  /** How much the drawn word moves the last pixel. */
  noise?: number;
  /** Whether the loader has `state` and `resume`. */
  stateful?: boolean;
}

/** A loader over samples in memory, in order. */
export class ListLoader implements LoaderLike {
  readonly length: number;
  readonly batchSize: number;
  readonly generator?: Generator;
  readonly calls: string[];
  readonly state?: () => unknown;
  readonly resume?: (state: unknown) => void;
  /** The words drawn, in order. */
  readonly words: number[] = [];
  closed = 0;
  readonly #samples: readonly Sample[];
  readonly #noise: number;
  #position = 0;
  #words: number[] = [];
  #resumed: { position: number; words: number[] } | undefined;

  constructor(samples: readonly Sample[], options: ListLoaderOptions = {}) {
    const { batchSize = 4, calls = [], generator, noise = 0, stateful = false } = options;
    this.#samples = samples;
    this.#noise = noise;
    this.batchSize = batchSize;
    this.calls = calls;
    this.generator = generator;
    this.length = Math.ceil(samples.length / batchSize);
    if (!stateful) return;
    this.state = () =>
      this.#position >= this.length ? null : { position: this.#position, words: [...this.#words] };
    this.resume = (state) => {
      this.#resumed = state as { position: number; words: number[] };
    };
  }

  [Symbol.asyncIterator](): BatchIterator {
    this.#position = this.#resumed?.position ?? 0;
    // Words drawn and not used yet: by `prefetch` or, failing that, by `next`.
    this.#words = this.#resumed?.words ?? [];
    this.#resumed = undefined;
    const draw = () => {
      if (this.#position + this.#words.length >= this.length) return;
      const word = this.generator?.randomUint32() ?? 0;
      this.#words.push(word);
      if (this.generator !== undefined) this.words.push(word);
    };
    return {
      next: async () => {
        if (this.#position >= this.length) return { done: true, value: undefined };
        this.calls.push(`next ${this.#position}`);
        if (this.#words.length === 0) draw();
        const shift = (this.#noise * (this.#words.shift() ?? 0)) / 2 ** 32;
        const from = this.#position * this.batchSize;
        this.#position++;
        return { done: false, value: toBatch(this.#samples.slice(from, from + this.batchSize), from, shift) };
      },
      prefetch: () => {
        this.calls.push('prefetch');
        if (this.#words.length === 0) draw();
      },
      return: async () => {
        this.closed++;
        return { done: true, value: undefined };
      },
    };
  }
}

function toBatch(samples: readonly Sample[], from: number, shift: number): Batch {
  return {
    images: Float32Array.from(
      samples.flatMap(({ pixels }) => pixels.map((p, k) => (k === 3 ? p + shift : p))),
    ),
    labels: Int32Array.from(samples, ({ label }) => label),
    size: samples.length,
    shape: [2, 2, 1],
    indices: Int32Array.from(samples, (_, i) => from + i),
  };
}
