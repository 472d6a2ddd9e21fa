import { CheckpointError, type GeneratorState } from '@mnist-kit/core';

/**
 * Where an epoch stands, as plain JSON: enough to go on from the next batch with the same order and the
 * same random draws.
 *
 * @example
 * ```ts
 * import { DataLoader, type DataLoaderState, mnist } from '@mnist-kit/datasets';
 *
 * const loader = new DataLoader(await mnist({ split: 'test' }), { batchSize: 128 });
 * const state: DataLoaderState | null = loader.state();
 * if (state !== null) loader.resume(state); // null: no epoch has begun
 * ```
 */
export interface DataLoaderState {
  /** Batches handed out so far in this epoch. */
  readonly batches: number;
  /** Seed of the epoch's order; null when it is not shuffled or no batch was drawn yet. */
  readonly samplerSeed: number | null;
  /** The order itself where a sampler of your own gave it, else null. */
  readonly order: readonly number[] | null;
  /**
   * The generator before it drew for a batch that was started ahead and not handed out; null when there is
   * none. On resuming, that batch is drawn again from here, and the loader's generator is left alone: it
   * is past these draws already.
   */
  readonly prefetched: GeneratorState | null;
  /** Number of samples in an epoch. */
  readonly samples: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
}

/** What must be the same in the loader that goes on. */
export type LoaderIdentity = Pick<DataLoaderState, 'samples' | 'batchSize' | 'shuffle' | 'dropLast'>;

/**
 * Throws unless a state fits the loader that is to go on from it, with `length` batches over a data set of
 * `positions` samples and with or without a sampler.
 *
 * @throws CheckpointError when it does not.
 */
export function checkState(
  state: DataLoaderState,
  loader: LoaderIdentity & { readonly sampled: boolean },
  length: number,
  positions: number,
): void {
  if (state === null || typeof state !== 'object')
    throw new CheckpointError('The loader state is not what `loader.state()` returned.');
  for (const key of ['samples', 'batchSize', 'shuffle', 'dropLast'] as const)
    if (state[key] !== loader[key])
      throw new CheckpointError(
        `The loader state was saved with ${key}=${typeof state[key] === 'object' ? 'an object' : state[key]}, but this loader has ${key}=${loader[key]}. ` +
          'Make the loader as it was when the state was saved.',
      );
  const { batches, samplerSeed, order, prefetched } = state;
  if ((order === null || order === undefined) === loader.sampled)
    throw new CheckpointError(
      `The loader state was saved ${loader.sampled ? 'without' : 'with'} a sampler, but this loader has ${loader.sampled ? 'one' : 'none'}. ` +
        'Make the loader as it was when the state was saved.',
    );
  const seedFits =
    samplerSeed === null ||
    (loader.shuffle && Number.isInteger(samplerSeed) && samplerSeed >= 0 && samplerSeed < 2 ** 32);
  const orderFits =
    order === null ||
    (Array.isArray(order) &&
      order.length === state.samples &&
      order.every((i) => Number.isInteger(i) && i >= 0 && i < positions));
  const drawn = typeof prefetched === 'object';
  if (!Number.isInteger(batches) || batches < 0 || batches > length || !seedFits || !orderFits || !drawn)
    throw new CheckpointError(
      'The loader state is damaged: save it with `loader.state()` and do not edit it.',
    );
  if (batches > 0 && loader.shuffle && samplerSeed === null)
    throw new CheckpointError('The loader state lacks the order of its epoch: samplerSeed is null.');
}
