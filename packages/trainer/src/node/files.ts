import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';

export { appendFile, readFile, rm } from 'node:fs/promises';
export { dirname, join } from 'node:path';
export { CheckpointStore } from './checkpoint-store.js';
export { lockFolder } from './folder-lock.js';
export { writeFileAtomic };

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
  await unlink(probe);
}
