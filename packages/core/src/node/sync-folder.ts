import { open } from 'node:fs/promises';

/** What systems and file systems say that cannot sync a folder, or not one that may only be read. */
const UNSUPPORTED = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF', 'ENOSYS']);

/**
 * Makes what was renamed, made and removed in a folder outlast a power cut: `fsync` of the folder.
 *
 * Where the system cannot do that (Windows) it does nothing.
 *
 * @param folder The folder.
 * @throws The file system's error when the disk does not take it.
 *
 * @example
 * ```ts
 * import { rename } from 'node:fs/promises';
 * import { syncFolder } from '@mnist-kit/core/node';
 *
 * await rename('runs/draft', 'runs/final');
 * await syncFolder('runs');
 * ```
 */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!UNSUPPORTED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
