import { InvalidArgumentError } from '@mnist-kit/core';
import type { Callback } from '../contracts/callback.js';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import type { FitOptions } from '../options.js';

/** The snapshot that a fit goes on from, if any. */
export async function findSnapshot(
  resume: FitOptions['resume'],
  callbacks: readonly Callback[],
): Promise<RunSnapshot | undefined> {
  if (resume === undefined) return undefined;
  if (typeof resume === 'object' && resume !== null && 'position' in resume) return resume;
  if (typeof resume !== 'string' || resume === '')
    throw new InvalidArgumentError(
      'resume',
      "must be 'auto', the path of a checkpoint, or a snapshot",
      resume,
    );
  if (resume !== 'auto') {
    const { readCheckpoint } = await import('../node/checkpoint-files.js');
    return readCheckpoint(resume);
  }
  const keepers = callbacks.filter((callback) => callback.latestCheckpoint !== undefined);
  if (keepers.length === 0)
    throw new InvalidArgumentError(
      'resume',
      'needs a ModelCheckpoint among the callbacks, or a path',
      resume,
    );
  for (const keeper of keepers) {
    const snapshot = await keeper.latestCheckpoint?.();
    if (snapshot !== undefined) return snapshot;
  }
  return undefined;
}
