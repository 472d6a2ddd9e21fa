import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cannotWrite } from './cannot-write.js';
import { syncFolder } from './sync-folder.js';

/**
 * Appends to a file and waits for the disk. Where that fails half-way, as on a full disk, the file is cut back to what
 * it was, so that it never ends in half a record; only a crash can leave one.
 *
 * @param path The file; it is created if need be, its folder is not.
 * @param data What to append; a string is written as UTF-8.
 * @throws EngineError that names the path and says what to do, when it cannot be written.
 *
 * @example
 * ```ts
 * import { appendFileWhole } from '@mnist-kit/core/node';
 *
 * await appendFileWhole('log.jsonl', `${JSON.stringify({ epoch: 1, valAccuracy: 0.979 })}\n`);
 * ```
 */
export async function appendFileWhole(path: string, data: string | Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'a');
    try {
      const { size } = await file.stat();
      try {
        await file.writeFile(data);
        await file.sync();
        if (size === 0) await syncFolder(dirname(path));
      } catch (error) {
        await file.truncate(size).catch(() => {});
        throw error;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
