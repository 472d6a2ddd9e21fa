import { lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  appendFileWhole,
  removeTemporaryFiles,
  syncFolder,
  writeDurably,
  writeFileAtomic,
} from '@mnist-kit/core/node';
import type { CheckpointStorage, StorageEntry, StorageStat } from '../storage/checkpoint-storage.js';
import { LOCK, lockFolder } from './folder-lock.js';
import { makeFolder } from './make-folder.js';
import { setAside } from './set-aside.js';

/** The file that tries a folder. */
const PROBE = '.writable';

/** `.tmp-NAME.PROCESS-COUNTER`: a folder that is being written or removed. */
const TEMPORARY = /^\.tmp-(.+)\.\d+-\d+$/s;

let counter = 0;

/**
 * Folders of the disk.
 *
 * What is written is flushed to the disk under a temporary name, then renamed; a folder that is removed gets such a name
 * first. `removeLeftovers` takes away what a process that was killed meanwhile left behind.
 */
export const fileStorage: CheckpointStorage = {
  async list(folder) {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },

  async stat(path): Promise<StorageStat> {
    const found = await lstat(path);
    const link = found.isSymbolicLink();
    const target = link ? await stat(path) : found;
    return { kind: kindOf(target), link, modified: target.mtimeMs };
  },

  read: (path) => readFile(path),

  async makeFolder(folder) {
    await makeFolder(folder);
    const probe = join(folder, PROBE);
    await writeFileAtomic(probe, '');
    // Another fit that is about to ask for the folder may have been quicker; the next one removes what stays.
    await rm(probe, { force: true }).catch(() => {});
  },

  write: writeFileAtomic,
  append: appendFileWhole,
  remove: (path) => rm(path, { force: true }),

  async writeFolder(folder, files) {
    await makeFolder(dirname(folder));
    const temporary = temporaryFolder(folder);
    try {
      await mkdir(temporary, { recursive: true });
      for (const [name, content] of Object.entries(files)) await writeDurably(join(temporary, name), content);
      await syncFolder(temporary);
      await rename(temporary, folder);
      await syncFolder(dirname(folder));
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
  },

  async removeFolder(folder) {
    const temporary = temporaryFolder(folder);
    await rename(folder, temporary);
    await rm(temporary, { recursive: true, force: true });
  },

  setAside,
  lock: lockFolder,

  async removeLeftovers(folder, of) {
    for (const name of await readdir(folder).catch(() => [])) {
      const target = TEMPORARY.exec(name)?.[1];
      if (target !== undefined && of(target))
        await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
    }
    await removeTemporaryFiles(folder, { of, exclusive: true });
    // Another process may be about to ask for the folder right now.
    await removeTemporaryFiles(folder, { of: (name) => name === LOCK || name === PROBE });
  },
};

function temporaryFolder(folder: string): string {
  return join(dirname(folder), `.tmp-${basename(folder)}.${process.pid}-${counter++}`);
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): StorageEntry['kind'] {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'folder' : 'other';
}
