import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError } from '@mnist-kit/core';

/**
 * Makes the folder and tries it, so that twenty epochs do not end at a file that cannot be written.
 *
 * @throws InvalidArgumentError where nothing can be written there.
 */
export async function prepareFolder(folder: string): Promise<void> {
  const probe = join(folder, `.write-test-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError('--out', `must be a folder that can be written to (${reason})`, folder);
  }
}
