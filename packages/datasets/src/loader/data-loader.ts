/// <reference lib="esnext.disposable" preserve="true" />
import {
  type Batch,
  checkOptionNames,
  DataError,
  describeFunction,
  type Generator,
  InvalidArgumentError,
  type OptionNames,
  type Settings,
} from '@mnist-kit/core';
import { checkDataset, type Dataset, type ImageShape } from '../dataset.js';
import { datasetSettings } from '../dataset-settings.js';
import { fingerprint } from '../fingerprint.js';
import { kindOf } from '../kind-of.js';
import { flatten, nameOf, type Transform } from '../transforms/transform.js';
import { BatchIterator } from './batch-iterator.js';
import { BatchWriter } from './batch-writer.js';
import { TransformChain } from './chain.js';
import { checkState, type DataLoaderState } from './loader-state.js';

/**
 * Positions in the data set in the order in which an epoch takes them.
 *
 * @example
 * ```ts
 * import { DataLoader, mnist, type Sampler } from '@mnist-kit/datasets';
 *
 * const sampler: Sampler = [0, 2, 4]; // the positions, in this order
 * const loader = new DataLoader(await mnist({ split: 'test' }), { batchSize: 3, sampler });
 * ```
 */
export type Sampler = Iterable<number> & { readonly length: number };

/**
 * Options of {@link DataLoader}.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { DataLoader, type DataLoaderOptions, mnist } from '@mnist-kit/datasets';
 *
 * const options: DataLoaderOptions = { batchSize: 128, shuffle: true, generator: new Generator(1) };
 * const loader = new DataLoader(await mnist({ split: 'test' }), options);
 * ```
 */
export interface DataLoaderOptions {
  /** Samples per batch. Default: 1. */
  batchSize?: number;
  /** Whether each epoch takes the samples in another random order. Default: false. */
  shuffle?: boolean;
  /** Whether a last batch with fewer samples is left out. Default: false. */
  dropLast?: boolean;
  /** What happens to each image. Default: bytes become v / 255. */
  transform?: Transform;
  /** Where random numbers come from; needed to shuffle and for random transforms. */
  generator?: Generator;
  /** Whether batches are prepared ahead on another thread. Default: true. */
  prefetch?: boolean;
  /** The order of the samples, instead of `shuffle`. It is read anew for each epoch. */
  sampler?: Sampler;
}

const names: OptionNames<DataLoaderOptions> = {
  batchSize: true,
  shuffle: true,
  dropLast: true,
  transform: true,
  generator: true,
  prefetch: true,
  sampler: true,
};

/**
 * Batches of a data set, epoch after epoch (`torch.utils.data.DataLoader` with `num_workers=0`).
 *
 * Random numbers are drawn from `generator` as PyTorch draws them from its global generator: two words when
 * an epoch's iterator is made, two more for the order when it is shuffled, then what each sample's
 * transforms need, sample by sample. The pixel work is done on another thread once the consumer calls
 * `prefetch()` on the iterator. A plain `for await` loop does so by itself only for loaders without random
 * transforms: drawing ahead would change the order of draws if the loop draws from the same generator.
 *
 * The arrays of a batch are reused: they stay valid until the next batch is asked for.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { DataLoader, mnist, transforms } from '@mnist-kit/datasets';
 *
 * const loader = new DataLoader(await mnist({ split: 'train' }), {
 *   batchSize: 128,
 *   shuffle: true,
 *   transform: transforms.compose([
 *     transforms.randomRotation(10),
 *     transforms.normalize({ mean: 0.1307, std: 0.3081 }),
 *   ]),
 *   generator: new Generator(1),
 * });
 * for await (const { images, labels, size } of loader) console.log(images.length, labels[0], size);
 * await loader.dispose();
 * ```
 */
export class DataLoader implements AsyncIterable<Batch> {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  readonly generator: Generator | undefined;
  /** Number of batches in an epoch. */
  readonly length: number;
  readonly #chain: TransformChain;
  readonly #transform: Transform | undefined;
  readonly #sampler: Sampler | undefined;
  /** Samples in an epoch. */
  readonly #samples: number;
  readonly #prefetch: boolean;
  readonly #writers = new Set<BatchWriter>();
  readonly #free: BatchWriter[] = [];
  #current: BatchIterator | undefined;
  #resumed: DataLoaderState | undefined;

  /**
   * @throws InvalidArgumentError when an option is out of range, options contradict each other, or shuffling
   * or a random transform lacks its generator.
   * @throws DataError when the data set is empty.
   */
  constructor(dataset: Dataset, options: DataLoaderOptions = {}) {
    if (new.target === DataLoader) checkOptionNames<DataLoaderOptions>('DataLoader', options, names);
    const { batchSize = 1, shuffle = false, dropLast = false, prefetch = true } = options;
    const { transform, generator, sampler } = options;
    checkDataset(dataset);
    if (dataset.length === 0)
      throw new DataError(
        'The data set is empty: a loader needs at least one sample. Check the split or subset.',
      );
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new InvalidArgumentError('batchSize', 'must be a positive integer', batchSize);
    for (const [name, value] of Object.entries({ shuffle, dropLast, prefetch }))
      if (typeof value !== 'boolean') throw new InvalidArgumentError(name, 'must be true or false', value);
    if (sampler !== undefined) checkSampler(sampler, shuffle);
    this.#chain = new TransformChain(transform, dataset.shape);
    checkGenerator(generator, shuffle, this.#chain);
    const samples = sampler?.length ?? dataset.length;
    if (dropLast && samples < batchSize)
      throw new InvalidArgumentError(
        'batchSize',
        `must not be above the ${samples} samples when dropLast is true, or there is no batch`,
        batchSize,
      );
    this.dataset = dataset;
    this.#transform = transform;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.generator = generator;
    this.length = dropLast ? Math.floor(samples / batchSize) : Math.ceil(samples / batchSize);
    this.#sampler = sampler;
    this.#samples = samples;
    this.#prefetch = prefetch;
  }

  /** `[height, width, channels]` of one image. */
  get shape(): ImageShape {
    return this.dataset.shape;
  }

  /** How this loader was set, and what tells its data set apart from others. */
  get settings(): Settings {
    const { batchSize, shuffle, dropLast } = this;
    return {
      kind: kindOf(this, DataLoader, 'DataLoader'),
      ...{ batchSize, shuffle, dropLast, sampler: this.#sampler && describeSampler(this.#sampler) },
      transform: flatten(this.#transform).map((step) =>
        typeof step === 'function' ? describeFunction(step) : nameOf(step),
      ),
      data: datasetSettings(this.dataset),
    };
  }

  /** Starts an epoch, or goes on with the one given to {@link DataLoader.resume}. */
  [Symbol.asyncIterator](): BatchIterator {
    const resumed = this.#resumed;
    this.#resumed = undefined;
    const writer = this.#takeWriter();
    const { geometric, hasFunctions } = this.#chain;
    const iterator = new BatchIterator(
      {
        ...this.#identity(),
        length: this.length,
        shape: this.shape,
        generator: this.generator,
        order: this.#sampler && !resumed?.order ? this.#sampled(this.#sampler) : undefined,
        writer,
        ahead: writer.threaded && geometric.length === 0 && !hasFunctions,
        prefetch: this.#prefetch,
        release: () => this.#free.push(writer),
      },
      resumed,
    );
    this.#current = iterator;
    return iterator;
  }

  /**
   * Where the epoch stands that was started last, as plain JSON; null between epochs.
   *
   * Save it together with the generator's state, between two batches.
   */
  state(): DataLoaderState | null {
    return this.#current === undefined || this.#current.finished ? null : this.#current.state();
  }

  /**
   * Makes the next iterator go on where a saved epoch stood: same order, same draws. The generator must be
   * put back to the state saved with it. With null (saved between epochs) a new epoch starts.
   *
   * @throws CheckpointError when the state does not fit this loader.
   */
  resume(state: DataLoaderState | null): void {
    if (state !== null)
      checkState(
        state,
        { ...this.#identity(), sampled: this.#sampler !== undefined },
        this.length,
        this.dataset.length,
      );
    this.#resumed = state ?? undefined;
  }

  /** Ends the loader's threads. It can still be used and then starts new ones. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#writers].map((writer) => writer.dispose()));
  }

  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #identity() {
    const { batchSize, shuffle, dropLast } = this;
    return { samples: this.#samples, batchSize, shuffle, dropLast };
  }

  /** Every epoch under way at the same time needs buffers of its own. */
  #takeWriter(): BatchWriter {
    const at = this.#free.findIndex((writer) => !writer.busy);
    if (at >= 0) return this.#free.splice(at, 1)[0];
    const rows = Math.min(this.batchSize, this.#samples);
    const slots = Math.min(2, this.length);
    const writer = new BatchWriter(this.dataset, this.#chain, rows, slots, this.#prefetch);
    this.#writers.add(writer);
    return writer;
  }

  #sampled(sampler: Sampler): Int32Array {
    const order: number[] = [];
    // One more than there should be shows that there are too many, of however many.
    for (const position of sampler) if (order.push(position) > this.#samples) break;
    if (order.length !== this.#samples)
      throw new InvalidArgumentError(
        'sampler',
        `must give ${this.#samples} positions`,
        `${order.length > this.#samples ? 'more' : order.length} positions`,
      );
    const wrong = order.findIndex((i) => !(Number.isInteger(i) && i >= 0 && i < this.dataset.length));
    if (wrong >= 0)
      throw new InvalidArgumentError(
        `sampler[${wrong}]`,
        `must be a position from 0 to ${this.dataset.length - 1}`,
        order[wrong],
      );
    return Int32Array.from(order);
  }
}

/** The positions of a list; of a class of the user's own, which may give others each time, what it is. */
function describeSampler(sampler: Sampler): string {
  const isList = Array.isArray(sampler) || ArrayBuffer.isView(sampler);
  if (isList) return `${sampler.length} positions ${fingerprint(Int32Array.from(sampler))}`;
  return `${sampler.constructor?.name} of ${sampler.length} positions`;
}

function checkSampler(sampler: Sampler, shuffle: boolean): void {
  if (typeof sampler?.[Symbol.iterator] !== 'function' || !Number.isInteger(sampler.length))
    throw new InvalidArgumentError('sampler', 'must be an array, or an iterable with a length', sampler);
  if (sampler.length === 0)
    throw new InvalidArgumentError('sampler', 'must give at least one position', 'no position');
  if (shuffle) throw new InvalidArgumentError('shuffle', 'must be false when there is a sampler', shuffle);
}

function checkGenerator(generator: Generator | undefined, shuffle: boolean, chain: TransformChain): void {
  if (generator !== undefined) {
    if (typeof generator?.uniform1 !== 'function')
      throw new InvalidArgumentError('generator', 'must be a Generator', generator);
    return;
  }
  const reason = shuffle ? 'shuffle is true' : chain.geometric[0]?.name;
  if (reason !== undefined)
    throw new InvalidArgumentError(
      'generator',
      `must be given, for example new Generator(1), because random numbers are needed (${reason})`,
      generator,
    );
}
