import { rename, unlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { cannotWrite } from './cannot-write.js';
import { syncFolder } from './sync-folder.js';
import { removeTemporaryFiles, temporaryPath, unfinished } from './temporary-files.js';
import { writeDurably } from './write-durably.js';

/** Files beside which this thread has looked for what was left behind. */
const tidied = new Set<string>();

/**
 * Writes a file so that a reader, or a crash, meets either the old content or the whole new one: into a
 * temporary name in the same folder, flushed to the disk, then renamed over `path`. What a process that was
 * killed while it wrote the same file left behind is removed.
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
    await replace(path, data);
    await syncFolder(dirname(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
  await tidy(resolve(path));
}

async function replace(path: string, data: string | Uint8Array): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const temporary = temporaryPath(path);
    unfinished.add(basename(temporary));
    try {
      await writeDurably(temporary, data);
      await rename(temporary, path);
      return;
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      // A leftover of an earlier process that had the same number.
      if (code === 'EEXIST' && syscall === 'open') continue;
      await unlink(temporary).catch((failure: NodeJS.ErrnoException) => {
        if (failure.code !== 'ENOENT') tidied.delete(resolve(path));
      });
      // Somebody to whom this process looked as if it were gone has tidied up.
      if (code !== 'ENOENT' || syscall !== 'rename' || attempt >= 3) throw error;
    } finally {
      unfinished.delete(basename(temporary));
    }
  }
}

/** Once for each file: that is when a process comes back that was killed. */
async function tidy(path: string): Promise<void> {
  if (tidied.has(path)) return;
  tidied.add(path);
  const name = basename(path);
  await removeTemporaryFiles(dirname(path), { of: (target) => target === name });
}
