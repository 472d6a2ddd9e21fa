import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type { Callback } from '../contracts/callback.js';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import type { FitOptions, ResumeOptions } from '../options.js';
import { readCheckpoint } from '../storage/checkpoint-files.js';
import { checkSnapshot } from './check-snapshot.js';
import type { Resume } from './overrides.js';

/** What a fit goes on from, if anything, and what the user said about it. */
export interface Found {
  readonly snapshot: RunSnapshot | undefined;
  readonly resume: Resume;
}

/**
 * Reads what a fit goes on from.
 *
 * @throws InvalidArgumentError for something that names nothing to go on from, CheckpointError for what cannot be read.
 */
export async function findSnapshot(
  given: FitOptions['resume'],
  callbacks: readonly Callback[],
): Promise<Found> {
  if (given === undefined) return { snapshot: undefined, resume: { from: '', override: [] } };
  const isOptions = typeof given === 'object' && given !== null && 'from' in given;
  const { from, override = [] } = isOptions ? given : { from: given as ResumeOptions['from'] };
  if (isOptions) checkOptionNames<ResumeOptions>('resume', given, { from: true, override: true });
  if (!Array.isArray(override) || !override.every((name) => typeof name === 'string'))
    throw new InvalidArgumentError(
      'resume.override',
      "must be an array of settings, such as ['optimizer.lr']",
      override,
    );
  const shown = typeof from === 'string' ? JSON.stringify(from).replace(/^"(.*)"$/, "'$1'") : 'snapshot';
  return { snapshot: await read(from, callbacks), resume: { from: shown, override } };
}

async function read(
  from: ResumeOptions['from'],
  callbacks: readonly Callback[],
): Promise<RunSnapshot | undefined> {
  if (typeof from === 'object' && from !== null && 'position' in from) {
    checkSnapshot(from);
    return from;
  }
  if (typeof from !== 'string' || from === '')
    throw new InvalidArgumentError('resume', "must be 'auto', the path of a checkpoint, or a snapshot", from);
  if (from !== 'auto') return readCheckpoint(from);
  const keepers = callbacks.filter((callback) => callback.latestCheckpoint !== undefined);
  if (keepers.length === 0)
    throw new InvalidArgumentError('resume', 'needs a ModelCheckpoint among the callbacks, or a path', from);
  for (const keeper of keepers) {
    const snapshot = await keeper.latestCheckpoint?.();
    if (snapshot !== undefined) return snapshot;
  }
  return undefined;
}
