import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '@mnist-kit/core';
import { syncFolder } from '@mnist-kit/core/node';
import { nameAfter } from '../storage/aside.js';

/**
 * Moves files and folders of an earlier fit into a new folder `previous-1`, `previous-2`, … beside them.
 *
 * @param dir Where they are.
 * @param names What is moved, in this order; what is not there is left out.
 * @returns Where they are now; `undefined` when none of them was there.
 * @throws EngineError when they cannot be moved; those that were are moved back.
 */
export async function setAside(dir: string, names: Iterable<string>): Promise<string | undefined> {
  try {
    const there = await readdir(dir);
    const moved = [...names].filter((name) => there.includes(name));
    if (moved.length === 0) return undefined;
    const aside = join(dir, nameAfter(there));
    await mkdir(aside);
    const done: string[] = [];
    try {
      for (const name of moved) {
        await rename(join(dir, name), join(aside, name));
        done.push(name);
      }
    } catch (error) {
      for (const name of done.reverse()) await rename(join(aside, name), join(dir, name)).catch(() => {});
      await rmdir(aside).catch(() => {});
      throw error;
    }
    await syncFolder(aside);
    await syncFolder(dir);
    return aside;
  } catch (error) {
    throw new EngineError(
      `Cannot set aside what an earlier fit left in ${dir}: ${(error as Error).message}. ` +
        'Move it yourself, or give this fit a folder of its own.',
      { cause: error },
    );
  }
}
