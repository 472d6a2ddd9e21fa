import { type Generator, InvalidArgumentError, type Settings } from '@mnist-kit/core';
import { areFinite } from './check-values.js';
import { checkDataset, checkPosition, type Dataset, type ImageShape, type Sample } from './dataset.js';
import { datasetSettings } from './dataset-settings.js';
import { fingerprint } from './fingerprint.js';
import { kindOf } from './kind-of.js';

/**
 * Some samples of another data set, in a given order (`torch.utils.data.Subset`).
 *
 * @example
 * ```ts
 * import { mnist, Subset } from '@mnist-kit/datasets';
 *
 * const firstThousand = new Subset(
 *   await mnist({ split: 'train' }),
 *   Array.from({ length: 1000 }, (_, i) => i),
 * );
 * ```
 */
export class Subset<D extends Dataset = Dataset> implements Dataset {
  /** The data set that the samples come from. */
  readonly dataset: D;
  /** Position in `dataset` of each sample. */
  readonly indices: Int32Array;

  /**
   * @param dataset The data set to take from.
   * @param indices Positions in it; may repeat.
   * @throws InvalidArgumentError when `dataset` is none, or an index is not a position of it.
   */
  constructor(dataset: D, indices: ArrayLike<number>) {
    checkDataset(dataset);
    checkIndices(indices, dataset.length);
    this.dataset = dataset;
    // Not `from`, which would ask an iterator of the user's own.
    this.indices = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) this.indices[i] = indices[i];
  }

  get length(): number {
    return this.indices.length;
  }

  get shape(): ImageShape {
    return this.dataset.shape;
  }

  get classes(): readonly string[] {
    return this.dataset.classes;
  }

  /** Which samples, by a checksum of their positions, and of what. */
  get settings(): Settings {
    const { length: samples, indices, dataset } = this;
    return {
      kind: kindOf(this, Subset, 'Subset'),
      samples,
      indices: fingerprint(indices),
      of: datasetSettings(dataset),
    };
  }

  get(i: number): Sample {
    checkPosition(i, this.length);
    return this.dataset.get(this.indices[i]);
  }
}

/**
 * Throws unless `indices` are positions of a data set of that length.
 *
 * @throws InvalidArgumentError naming the one that is not.
 */
export function checkIndices(indices: ArrayLike<number>, length: number): void {
  if (indices === null || typeof indices !== 'object' || !Number.isInteger(indices.length))
    throw new InvalidArgumentError('indices', 'must be an array of positions in the data set', indices);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (!Number.isInteger(index) || index < 0 || index >= length)
      throw new InvalidArgumentError(`indices[${i}]`, `must be an integer from 0 to ${length - 1}`, index);
  }
}

/**
 * One subset for each length.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { mnist, randomSplit, type Split } from '@mnist-kit/datasets';
 *
 * const digits = await mnist({ split: 'test' });
 * const halves: Split<typeof digits, [number, number]> = randomSplit(digits, [5000, 5000], new Generator(1));
 * ```
 */
export type Split<D extends Dataset, L extends readonly number[]> = {
  -readonly [K in keyof L]: Subset<D>;
};

/**
 * Splits a data set at random into parts that do not overlap, with the samples and the order that
 * `torch.utils.data.random_split` gives for the same generator.
 *
 * @param dataset The data set to split.
 * @param lengths Number of samples of each part, adding up to `dataset.length`; or fractions that add up to
 * 1, rounded down, with the samples left over dealt to the parts in turn.
 * @param generator Gives the permutation. `new Generator(42)` stands for `torch.Generator().manual_seed(42)`.
 * @throws InvalidArgumentError when `dataset` is none, the lengths do not add up, or one is negative or not an integer.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { mnist, randomSplit } from '@mnist-kit/datasets';
 *
 * const [train, val] = randomSplit(await mnist({ split: 'train' }), [50_000, 10_000], new Generator(42));
 * ```
 */
export function randomSplit<D extends Dataset, const L extends readonly number[]>(
  dataset: D,
  lengths: L,
  generator: Generator,
): Split<D, L> {
  checkDataset(dataset);
  if (!Array.isArray(lengths) || lengths.length === 0)
    throw new InvalidArgumentError('lengths', 'must be an array with one length for each part', lengths);
  if (typeof generator?.randperm !== 'function')
    throw new InvalidArgumentError(
      'generator',
      'must be a Generator, for example new Generator(42)',
      generator,
    );
  const counts = partLengths(lengths, dataset.length);
  const order = generator.randperm(dataset.length);
  let start = 0;
  const parts = counts.map((count) => {
    const part = new Subset(dataset, order.subarray(start, start + count));
    start += count;
    return part;
  });
  return parts as Split<D, L>;
}

function partLengths(lengths: readonly number[], total: number): number[] {
  if (!areFinite(lengths) || lengths.some((length) => length < 0))
    throw new InvalidArgumentError('lengths', 'must be numbers that are not negative', lengths);
  const sum = lengths.reduce((a, b) => a + b, 0);
  // As in PyTorch, lengths that add up to 1 are fractions, [1, 0] too.
  if (sum <= 1 && 1 - sum <= 1e-9) {
    const counts = lengths.map((fraction) => Math.floor(total * fraction));
    const left = total - counts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < left; i++) counts[i % counts.length] += 1;
    return counts;
  }
  if (sum !== total || !lengths.every((length) => Number.isInteger(length)))
    throw new InvalidArgumentError(
      'lengths',
      `must be integers that add up to the ${total} samples of the data set, or fractions that add up to 1`,
      `${lengths.join(' + ')} = ${sum}`,
    );
  return [...lengths];
}
