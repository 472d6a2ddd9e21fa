import { CheckpointError, InvalidArgumentError, MnistKitError } from '@mnist-kit/core';
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
  for (const part of parts) checkObject(part, snapshot?.[part]);
  const { position, meter, history, loader, configuration, settings, weights } = snapshot;
  for (const name of ['epoch', 'batch', 'step', 'validatedAt'] as const)
    if (!Number.isSafeInteger(position[name]) || position[name] < 0)
      throw damaged(`its position.${name} must be a whole number. Received: ${position[name]}`);
  const { lr, lrs, seconds, trainSeconds, epochFinished } = position;
  if (!Array.isArray(lrs)) throw damaged('its position.lrs must be an array');
  const numbers = { lr, seconds, trainSeconds, ...lrs, ...pick(meter, 'lossSum', 'hits', 'count') };
  for (const [name, value] of Object.entries(numbers))
    if (typeof value !== 'number') throw damaged(`its ${name} must be a number`);
  if (typeof epochFinished !== 'boolean') throw damaged('its position.epochFinished must be true or false');
  for (const name of ['epochs', 'validations'] as const) {
    if (!Array.isArray(history[name])) throw damaged(`its history.${name} must be an array`);
    for (const record of history[name]) checkObject(`history.${name}`, record);
  }
  if (!['epochStart', 'state', 'replay'].includes(loader.kind)) throw damaged('its loader has no kind');
  for (const part of loader.kind === 'replay' ? [loader.epoch, loader.next] : []) checkObject('loader', part);
  for (const [name, value] of Object.entries({ configuration, settings }))
    if (value !== undefined || settings === undefined) checkObject(name, value ?? configuration);
  for (const [name, tensor] of Object.entries(weights)) {
    const { shape } = tensor ?? {};
    const size = Array.isArray(shape) ? shape.reduce((product, length) => product * length, 1) : undefined;
    if (tensor?.data instanceof Float32Array && tensor.data.length === size) continue;
    throw damaged(
      `its weight ${name} is no Float32Array of ${size} values. JSON does not keep typed ` +
        'arrays: keep a snapshot with structuredClone, or as a checkpoint that ModelCheckpoint writes',
    );
  }
}

function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged(`it has no \`${name}\`. Keep it as run.snapshot() gave it`);
}

function damaged(problem: string): CheckpointError {
  return new CheckpointError(`The snapshot is damaged: ${problem}.`);
}

function pick<T, K extends keyof T>(value: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, value[key]])) as Pick<T, K>;
}

/**
 * Runs what puts a state back. Whatever goes wrong there, goes wrong for what the checkpoint holds.
 *
 * @throws CheckpointError
 */
export async function restoring<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MnistKitError) throw error;
    throw new CheckpointError(`${what} cannot go on from the checkpoint: ${(error as Error).message}`, {
      cause: error,
    });
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
