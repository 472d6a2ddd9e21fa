import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '@mnist-kit/core';
import { appendFileWhole, writeFileAtomic } from '@mnist-kit/core/node';

export { readFile, rm } from 'node:fs/promises';
export { dirname, join } from 'node:path';
export { CheckpointStore } from './checkpoint-store.js';
export { lockFolder } from './folder-lock.js';
export { appendFileWhole, writeFileAtomic };

/**
 * Makes sure that files can be written to a folder, creating it if need be.
 *
 * @throws EngineError that names the folder and says what to do.
 */
export async function ensureWritableFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new EngineError(
      `Cannot create the folder ${dir}: ${(error as Error).message}. Choose a folder you may write to.`,
      { cause: error },
    );
  }
  const probe = join(dir, '.writable');
  await writeFileAtomic(probe, '');
  // Another fit that is about to ask for the folder may have been quicker.
  await rm(probe, { force: true });
}

/** Least age in milliseconds of a temporary file that no living process can still be writing. */
const ABANDONED = 60_000;

/** Removes temporary files of processes that were killed while they wrote to a checkpoint folder. */
export async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!/^\.(best|last|epoch-\d+|lock|writable)\b.*\.tmp$/.test(name)) continue;
    const path = join(dir, name);
    // Another process may be about to ask for the folder right now.
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED) await rm(path, { force: true }).catch(() => {});
  }
}
