import { open } from 'node:fs/promises';

/**
 * Writes a new file and waits for the disk, so that a rename that follows never makes an unfinished file known.
 *
 * Its folder is not synced: that is `syncFolder`'s, once the file has its name.
 *
 * @param path The file; it must not exist.
 * @param data Its content; a string is written as UTF-8.
 * @throws The file system's error; the file may then be there, unfinished.
 *
 * @example
 * ```ts
 * import { rename } from 'node:fs/promises';
 * import { syncFolder, writeDurably } from '@mnist-kit/core/node';
 *
 * await writeDurably('runs/draft.json', '{}');
 * await rename('runs/draft.json', 'runs/results.json');
 * await syncFolder('runs');
 * ```
 */
export async function writeDurably(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(data);
    await file.sync();
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  await file.close();
}
