import { ArrayDataset, type Dataset } from '../dataset.js';
import { checkIndices, Subset } from '../subset.js';

/** Where a data set's pixels lie: an array data set, and which of its images each sample is. */
export interface Storage {
  readonly dataset: ArrayDataset;
  /** Row of each sample; undefined where sample i is row i. */
  readonly rows: Int32Array | undefined;
}

/**
 * Follows subsets down to the array data set under them; undefined when there is none.
 *
 * @throws InvalidArgumentError when a subset's indices were changed to what is no position.
 */
export function storageOf(dataset: Dataset): Storage | undefined {
  if (dataset instanceof ArrayDataset) return { dataset, rows: undefined };
  if (!(dataset instanceof Subset)) return undefined;
  const below = storageOf(dataset.dataset);
  if (below === undefined) return undefined;
  const { rows } = below;
  checkIndices(dataset.indices, dataset.dataset.length);
  return { dataset: below.dataset, rows: rows ? dataset.indices.map((i) => rows[i]) : dataset.indices };
}
