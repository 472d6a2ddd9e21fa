import { type Batch, DataError, type Settings } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { checkBatch } from '../check-batch.js';
import type { BatchIterator, LoaderLike } from '../contracts/parts.js';
import { loaderSettings } from '../state/part-settings.js';
import { checkAnswer, openLoader } from './open-loader.js';

/** A loader's first batches, kept in memory, the same in every pass. */
export class FixedBatches implements LoaderLike {
  readonly length: number;
  readonly batchSize: number;
  readonly settings: Settings;
  readonly #batches: readonly Batch[];

  private constructor(batches: readonly Batch[], loader: LoaderLike) {
    this.settings = loaderSettings(loader);
    this.#batches = batches;
    this.length = batches.length;
    this.batchSize = batches[0].size;
  }

  /** Takes the first `count` batches of one pass, for a model on `executor`. */
  static async take(loader: LoaderLike, count: number, executor: Executor): Promise<FixedBatches> {
    const iterator = openLoader(loader);
    const batches: Batch[] = [];
    try {
      while (batches.length < count) {
        const next = await iterator.next();
        checkAnswer(next);
        if (next.done) break;
        checkBatch(next.value, executor, batches.length + 1);
        const { images, labels, indices, size, shape } = next.value;
        batches.push({
          images: images.slice(),
          labels: labels.slice(),
          indices: indices?.slice(),
          size,
          shape,
        });
      }
    } finally {
      await iterator.return?.();
    }
    if (batches.length === 0) throw new DataError('The training loader yielded no batch to overfit on');
    return new FixedBatches(batches, loader);
  }

  [Symbol.asyncIterator](): BatchIterator {
    let position = 0;
    return {
      next: async () => {
        if (position >= this.length) return { done: true, value: undefined };
        const batch = this.#batches[position++];
        // Mixup writes into the images.
        return { done: false, value: { ...batch, images: batch.images.slice() } };
      },
    };
  }
}
