import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import type { LoaderLike } from '../contracts/parts.js';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import type { TrainerOptions } from '../options.js';

const parts = ['position', 'meter', 'history', 'weights', 'callbacks', 'generators', 'loader'] as const;

/**
 * Looks at a snapshot that somebody else kept.
 *
 * @throws CheckpointError for one that lacks something, or whose arrays became something else.
 */
export function checkSnapshot(snapshot: RunSnapshot): void {
  for (const part of parts)
    if (typeof snapshot[part] !== 'object' || snapshot[part] === null)
      throw new CheckpointError(
        `The snapshot is damaged: it has no \`${part}\`. Keep it as run.snapshot() gave it.`,
      );
  const { position, weights } = snapshot;
  for (const name of ['epoch', 'batch', 'step'] as const)
    if (!Number.isInteger(position[name]) || position[name] < 0)
      throw new CheckpointError(
        `The snapshot is damaged: its position.${name} must be a whole number. Received: ${position[name]}`,
      );
  for (const [name, tensor] of Object.entries(weights)) {
    const size = tensor?.shape?.reduce((product, length) => product * length, 1);
    if (tensor?.data instanceof Float32Array && tensor.data.length === size) continue;
    throw new CheckpointError(
      `The snapshot is damaged: its weight ${name} is no Float32Array of ${size} values. JSON does not keep typed ` +
        'arrays: keep a snapshot with structuredClone, or as a checkpoint that ModelCheckpoint writes.',
    );
  }
}

/** @throws InvalidArgumentError for a fit that is an epoch of its own, and would go on from elsewhere. */
export function checkNoDevRun(snapshot: RunSnapshot | undefined, { fastDevRun }: DevRun): void {
  if (snapshot === undefined || fastDevRun === undefined || fastDevRun === false) return;
  throw new InvalidArgumentError(
    'fastDevRun',
    'must be left out of a fit that resumes: it is one epoch from the start',
    fastDevRun,
  );
}

type DevRun = Pick<TrainerOptions, 'fastDevRun'>;

/**
 * Compares where a fit is to go on with how long it and its epochs are to be.
 *
 * @throws InvalidArgumentError for a fit that would have ended before the epoch that the snapshot is in.
 * @throws CheckpointError for a loader that ends before the snapshot's batch.
 */
export function checkPosition({ position }: RunSnapshot, epochs: number, { length }: LoaderLike): void {
  const { epoch, epochFinished, batch } = position;
  const where = epochFinished ? `after epoch ${epoch}` : `inside epoch ${epoch}, after ${batch} batches`;
  if (epochs < epoch)
    throw new InvalidArgumentError(
      'epochs',
      `counts from the start of training and must be at least ${epoch}: the checkpoint is ${where}`,
      epochs,
    );
  if (!epochFinished && batch > (length ?? Infinity))
    throw new CheckpointError(`The checkpoint is ${where}, but the training loader has only ${length}.`);
}
