import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { cannotWrite } from './cannot-write.js';

let counter = 0;

/**
 * Writes a file so that a reader, or a crash, meets either the old content or the whole new one: into a
 * temporary name in the same folder, flushed to the disk, then renamed over `path`.
 *
 * A symbolic link at `path` is replaced, not followed. The folder must exist.
 *
 * @param path Where the file goes.
 * @param data Its content; a string is written as UTF-8.
 * @throws EngineError that names the path and says what to do, when it cannot be written. The temporary
 * file is removed then, and what was at `path` stays.
 *
 * @example
 * ```ts
 * import { writeFileAtomic } from '@mnist-kit/core/node';
 *
 * await writeFileAtomic('results.json', JSON.stringify({ valAccuracy: 0.979 }));
 * ```
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  try {
    const temporary = await writeTemporary(path, data);
    try {
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

async function writeTemporary(path: string, data: string | Uint8Array): Promise<string> {
  for (;;) {
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${threadId}-${counter++}.tmp`);
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(temporary, 'wx');
    } catch (error) {
      // A leftover of an earlier process that had the same number.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    try {
      await file.writeFile(data);
      await file.sync();
      await file.close();
      return temporary;
    } catch (error) {
      await file.close().catch(() => {});
      await unlink(temporary).catch(() => {});
      throw error;
    }
  }
}

/** Makes the rename itself last; systems that cannot open a folder (Windows) are content without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {}
}
