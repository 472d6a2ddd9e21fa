import { CheckpointError } from '@mnist-kit/core';
import type { BatchIterator, LoaderLike } from '../contracts/parts.js';
import type { GeneratorStates, LoaderPosition } from '../contracts/run-snapshot.js';
import type { RunState } from '../run-state.js';
import { type StatefulParts, setGenerators } from './capture.js';

/** What it takes to iterate an epoch again; kept up to date for loaders without `state` only. */
export interface ReplayPoints {
  /** The generators before the epoch's iterator was made. */
  epoch: GeneratorStates;
  /** The generators before the next batch was drawn. */
  next: GeneratorStates;
}

/** Where the training loader stands now. */
export function currentPosition(run: RunState, train: LoaderLike, replay: ReplayPoints): LoaderPosition {
  if (run.epochFinished || run.batch === 0) return { kind: 'epochStart' };
  return train.state === undefined ? { kind: 'replay', ...replay } : { kind: 'state', state: train.state() };
}

/** An iterator that yields the batches after the first `batch` ones of a saved epoch. */
export async function iterateFrom(
  position: LoaderPosition,
  batch: number,
  train: LoaderLike,
  parts: StatefulParts,
  overridden: readonly string[],
): Promise<BatchIterator> {
  if (position.kind === 'state') {
    // Between the last batch and validation there is nothing left to iterate.
    if (position.state === null || position.state === undefined) {
      const { batchesPerEpoch: length = batch } = parts.run;
      if (batch >= length) return finished;
      throw new CheckpointError(
        `The checkpoint is after batch ${batch} of an epoch of ${length}, and has no state of the training loader ` +
          'to go on from. Resume from another one.',
      );
    }
    if (train.resume === undefined)
      throw new CheckpointError(
        'The checkpoint is inside an epoch, and the training loader has no `resume`.',
      );
    train.resume(position.state);
    return train[Symbol.asyncIterator]();
  }
  if (position.kind === 'epochStart') return train[Symbol.asyncIterator]();
  setGenerators(parts, position.epoch, overridden);
  const iterator = train[Symbol.asyncIterator]();
  for (let done = 0; done < batch; done++)
    if ((await iterator.next()).done)
      throw new CheckpointError(
        `The checkpoint is after batch ${batch} of an epoch, but the training loader has only ${done}.`,
      );
  setGenerators(parts, position.next, overridden);
  return iterator;
}

const finished: BatchIterator = { next: async () => ({ done: true, value: undefined }) };
