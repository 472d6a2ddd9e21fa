import { join, resolve } from 'node:path';
import { CheckpointError } from '@mnist-kit/core';
import { type LockHolder, lockFile } from '@mnist-kit/core/node';

/** What temporary files of a lock are for, to `removeTemporaryFiles`. */
export const LOCK = 'lock';

/**
 * Takes a folder for one fit, so that two of them do not write over each other.
 *
 * @returns A function that gives the folder back.
 * @throws CheckpointError when another fit that is alive holds it; EngineError when the lock cannot be written.
 */
export function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(resolve(dir), `.${LOCK}`);
  return lockFile(path, (holder) => occupied(dir, path, holder));
}

function occupied(dir: string, path: string, { here, pid }: LockHolder): CheckpointError {
  const by = here ? 'Another fit of this process' : pid === undefined ? 'Another process' : `Process ${pid}`;
  const advice = here ? '' : `, or delete ${path} if that process does no such thing`;
  return new CheckpointError(
    `${by} writes checkpoints to ${dir}. Give this fit a folder of its own${advice}.`,
  );
}
