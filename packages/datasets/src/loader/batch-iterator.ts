import { type Batch, Generator } from '@mnist-kit/core';
import type { ImageShape } from '../dataset.js';
import type { BatchWriter } from './batch-writer.js';
import type { DataLoaderState, LoaderIdentity } from './loader-state.js';

/** What an iterator needs from its loader. */
export interface EpochSource extends LoaderIdentity {
  /** Number of batches of the epoch. */
  readonly length: number;
  readonly shape: ImageShape;
  readonly generator: Generator | undefined;
  /** The order of a sampler of the user's own. */
  readonly order: Int32Array | undefined;
  readonly writer: BatchWriter;
  /** Whether the next batch may be prepared before it is asked for: it draws nothing. */
  readonly ahead: boolean;
  /** Whether `prefetch()` does anything. */
  readonly prefetch: boolean;
  /** Gives the buffers back. */
  release(): void;
}

interface Pending {
  readonly slot: number;
  readonly size: number;
  /** The generator and the order's seed before this batch was drawn. */
  readonly before: Generator | undefined;
  readonly seedBefore: number | null;
}

/**
 * The batches of one epoch, from `for await (const batch of loader)` or `loader[Symbol.asyncIterator]()`.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { DataLoader, mnist } from '@mnist-kit/datasets';
 *
 * const loader = new DataLoader(await mnist({ split: 'train' }), {
 *   batchSize: 128,
 *   shuffle: true,
 *   generator: new Generator(1),
 * });
 * const batches = loader[Symbol.asyncIterator]();
 * for (let next = await batches.next(); !next.done; next = await batches.next()) {
 *   batches.prefetch(); // the next batch is prepared on another thread …
 *   console.log(next.value.size); // … while this one is used
 * }
 * ```
 */
export class BatchIterator implements AsyncIterableIterator<Batch> {
  readonly #source: EpochSource;
  /** Whether the order came from a sampler of the user's own. */
  readonly #sampled: boolean;
  #batches: number;
  #samplerSeed: number | null;
  #order: Int32Array | undefined;
  #pending: Pending | undefined;
  #replay: Generator | undefined;
  #slot = 0;
  #released = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Made by the loader. */
  constructor(source: EpochSource, resumed: DataLoaderState | undefined) {
    this.#source = source;
    this.#batches = resumed?.batches ?? 0;
    this.#samplerSeed = resumed?.samplerSeed ?? null;
    this.#order = resumed?.order ? Int32Array.from(resumed.order) : source.order;
    this.#sampled = this.#order !== undefined;
    if (resumed?.prefetched) this.#replay = Generator.fromState(resumed.prefetched);
    // PyTorch draws a base seed for its loader processes here, even when there are none.
    if (resumed === undefined) source.generator?.randomUint32();
  }

  /** Whether the end was reached (`done` was seen), or the epoch was left. */
  get finished(): boolean {
    return this.#released;
  }

  /**
   * Draws the next batch's random numbers now and starts its pixel work on another thread. `next()` then
   * only waits. Does nothing when that has been done, at the end of the epoch, and in a loader with
   * `prefetch: false`.
   */
  prefetch(): void {
    if (!this.#source.prefetch || this.#pending !== undefined || this.#exhausted) return;
    this.#draw(true);
  }

  /**
   * The next batch. Its arrays are those of the batch before last.
   *
   * @throws EngineError (as a rejection) when the worker died.
   * @throws DataError, InvalidArgumentError (as a rejection) when a data set or transform of your own gives
   * something unusable.
   */
  next(): Promise<IteratorResult<Batch, undefined>> {
    // Calls that do not wait for each other are answered in order.
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  /** Leaves the epoch; called by `break` in a `for await` loop. */
  async return(): Promise<IteratorResult<Batch, undefined>> {
    this.#release();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Where this epoch stands, for `loader.resume`. Ask between two batches, not while `next()` is under way.
   */
  state(): DataLoaderState {
    const { samples, batchSize, shuffle, dropLast } = this.#source;
    const pending = this.#pending;
    const before = pending ? pending.before : this.#replay;
    return {
      batches: this.#batches,
      samplerSeed: pending ? pending.seedBefore : this.#samplerSeed,
      order: this.#sampled && this.#order ? Array.from(this.#order) : null,
      prefetched: before?.state() ?? null,
      samples,
      batchSize,
      shuffle,
      dropLast,
    };
  }

  get #exhausted(): boolean {
    return this.#released || this.#batches >= this.#source.length;
  }

  async #next(): Promise<IteratorResult<Batch, undefined>> {
    if (this.#exhausted) {
      this.#release();
      return { done: true, value: undefined };
    }
    const { writer, shape, batchSize, ahead } = this.#source;
    if (this.#pending === undefined) this.#draw(false);
    try {
      const unfinished = writer.finish();
      if (unfinished !== undefined) await unfinished;
    } catch (error) {
      this.#release();
      throw error;
    }
    const { slot, size } = this.#pending as unknown as Pending;
    this.#pending = undefined;
    this.#batches += 1;
    const start = slot * batchSize;
    const pixels = shape[0] * shape[1] * shape[2];
    const batch: Batch = {
      images: writer.images.subarray(start * pixels, (start + size) * pixels),
      labels: writer.labels.subarray(start, start + size),
      indices: writer.indices.subarray(start, start + size),
      size,
      shape,
    };
    if (ahead) this.prefetch();
    return { done: false, value: batch };
  }

  #draw(early: boolean): void {
    const { writer, batchSize, samples, length } = this.#source;
    const replay = this.#replay;
    const generator = replay ?? this.#source.generator;
    const before = early ? generator?.clone() : undefined;
    const seedBefore = this.#samplerSeed;
    this.#replay = undefined;
    const start = this.#batches * batchSize;
    const end = Math.min(start + batchSize, this.#order?.length ?? samples);
    const positions = this.#positions(generator, start, end);
    const slot = this.#slot;
    this.#slot = length > 1 ? 1 - slot : 0;
    this.#pending = { slot, size: end - start, before, seedBefore };
    try {
      writer.start(slot, positions, generator, early);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #positions(generator: Generator | undefined, start: number, end: number): Int32Array {
    const { shuffle, samples } = this.#source;
    if (shuffle && this.#order === undefined) {
      this.#samplerSeed ??= (generator as Generator).randomUint32();
      this.#order = new Generator(this.#samplerSeed).randperm(samples);
    }
    if (this.#order !== undefined) return this.#order.subarray(start, end);
    return Int32Array.from({ length: end - start }, (_, i) => start + i);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#pending = undefined;
    this.#source.writer.cancel();
    this.#source.release();
  }
}
