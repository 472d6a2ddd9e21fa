import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { appendFileWhole, removeTemporaryFiles, writeFileAtomic } from '@mnist-kit/core/node';
import { LOCK } from './folder-lock.js';
import { makeFolder } from './make-folder.js';

export { readdir, readFile, rm } from 'node:fs/promises';
export { basename, dirname, join } from 'node:path';
export { CheckpointStore } from './checkpoint-store.js';
export { lockFolder } from './folder-lock.js';
export { setAside } from './set-aside.js';
export { appendFileWhole, writeFileAtomic };

/** The file that tries a folder. */
const PROBE = '.writable';

/**
 * Makes sure that files can be written to a folder, creating it if need be.
 *
 * @throws EngineError that names the folder and says what to do.
 */
export async function ensureWritableFolder(dir: string): Promise<void> {
  await makeFolder(dir);
  const probe = join(dir, PROBE);
  await writeFileAtomic(probe, '');
  // Another fit that is about to ask for the folder may have been quicker; the next one removes what stays.
  await rm(probe, { force: true }).catch(() => {});
}

/** Removes temporary files that were left behind in a checkpoint folder whose lock this fit holds. */
export async function removeLeftovers(dir: string): Promise<void> {
  await removeTemporaryFiles(dir, { of: isWeights, exclusive: true });
  // Another process may be about to ask for the folder right now.
  await removeTemporaryFiles(dir, { of: (name) => name === LOCK || name === PROBE });
}

/** Whether a file is one of those that a ModelCheckpoint keeps in its folder beside the states. */
export function isWeights(name: string): boolean {
  return /^(best|last|epoch-\d{4,})\.(safetensors|json)$/.test(name);
}
