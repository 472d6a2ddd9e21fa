import { CheckpointError, EngineError, type FileBytes } from '@mnist-kit/core';
import { isAside, nameAfter } from '../storage/aside.js';
import type { CheckpointStorage, StorageEntry } from '../storage/checkpoint-storage.js';
import { cannotWrite, fileError } from './file-error.js';
import {
  appendToFile,
  contentOf,
  entriesOf,
  entryIn,
  folderAt,
  isNamed,
  moveFile,
  removeEntry,
  replaceFile,
} from './handles.js';
import { namesOf, paths } from './paths.js';

const { basename, dirname, join } = paths;

/**
 * `.unfinished-NAME`: an empty file beside NAME for as long as NAME is being written or removed. Browsers cannot rename
 * folders, so that is what makes one appear and disappear as a whole.
 */
const MARK = /^\.unfinished-(.+)$/s;
/** `.NAME.tmp`: what a file's content is in before the file gets it. */
const TEMPORARY = /^\.(.+)\.tmp$/s;
/** The browser's own: what a stream writes to. */
const SWAP = /^(.+)\.crswap$/s;

const markOf = (name: string) => `.unfinished-${name}`;
const temporaryOf = (name: string) => `.${name}.tmp`;

/** Milliseconds in which a page that has just been left gives its locks back. */
const PATIENCE = 2000;

/** The site's own file system (OPFS, https://fs.spec.whatwg.org), and Web Locks for folders. */
export const opfsStorage: CheckpointStorage = {
  list: (folder) =>
    reading(folder, async () => {
      if (await isUnfinished(folder)) throw missing(folder);
      const entries = await entriesOf(await folderAt(folder));
      const hidden = new Set(entries.map(({ name }) => markedBy(name)));
      return entries.filter(({ name }) => !hidden.has(name) && !isOurs(name)).map(described);
    }),

  stat: (path) =>
    reading(path, async () => {
      if (namesOf(path).length === 0) return { kind: 'folder', link: false, modified: 0 };
      const entry = await entryIn(await folderAt(dirname(path)), basename(path));
      if (entry === undefined || (await isUnfinished(path))) throw missing(path);
      const modified = entry.kind === 'file' ? (await entry.getFile()).lastModified : 0;
      return { kind: described(entry).kind, link: false, modified };
    }),

  read: (path) =>
    reading(path, async () => {
      const folder = await folderAt(dirname(path));
      return contentOf(await folder.getFileHandle(basename(path)));
    }),

  makeFolder: (folder) =>
    writing(folder, async () => {
      await folderAt(folder, true);
    }),

  write: (path, data) =>
    writing(path, async () => {
      const name = basename(path);
      await replaceFile(await folderAt(dirname(path)), name, bytesOf(data), temporaryOf(name));
    }),

  append: (path, data) =>
    writing(path, async () => appendToFile(await folderAt(dirname(path)), basename(path), bytesOf(data))),

  remove: (path) => reading(path, async () => removeFile(path)),

  writeFolder: (folder, files) =>
    reading(folder, async () => {
      const parent = await folderAt(dirname(folder), true);
      const name = basename(folder);
      if ((await entryIn(parent, name)) !== undefined && !(await isUnfinished(folder)))
        throw Object.assign(new Error(`EEXIST: there is one already, '${folder}'`), { code: 'EEXIST' });
      await mark(parent, name);
      try {
        await removeEntry(parent, name);
        const made = await parent.getDirectoryHandle(name, { create: true });
        for (const [file, content] of Object.entries(files))
          await replaceFile(made, file, bytesOf(content), temporaryOf(file));
        await unmark(parent, name);
      } catch (error) {
        await removeMarked(parent, name).catch(() => {});
        throw error;
      }
    }),

  removeFolder: (folder) =>
    reading(folder, async () => {
      const parent = await folderAt(dirname(folder));
      const name = basename(folder);
      // Where there is none, nothing must be left behind.
      await parent.getDirectoryHandle(name);
      await mark(parent, name);
      await removeMarked(parent, name);
    }),

  async setAside(dir, names) {
    try {
      return await setAside(dir, names);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError(
        `Cannot set aside what an earlier fit left in ${dir}: ${(error as Error).message}. ` +
          'Give this fit a folder of its own.',
        { cause: error },
      );
    }
  },

  lock,

  removeLeftovers: (folder, of) =>
    reading(folder, async () => {
      const handle = await folderAt(folder);
      for (const entry of await entriesOf(handle)) {
        await removeLeftover(handle, entry.name, of);
        // Of a page that ended while it moved a folder there: that is still where it was.
        if (entry.kind === 'directory' && isAside(entry.name))
          for (const { name } of await entriesOf(entry)) await removeLeftover(entry, name, () => true);
      }
    }),
};

async function removeLeftover(
  folder: FileSystemDirectoryHandle,
  name: string,
  of: (name: string) => boolean,
): Promise<void> {
  const marked = markedBy(name);
  const draft = (TEMPORARY.exec(name) ?? SWAP.exec(name))?.[1];
  if (marked !== undefined && of(marked)) await removeMarked(folder, marked).catch(() => {});
  else if (draft !== undefined && of(draft)) await removeEntry(folder, name).catch(() => {});
}

function described({ name, kind }: FileSystemHandle): StorageEntry {
  return { name, kind: kind === 'file' ? 'file' : 'folder' };
}

function markedBy(name: string): string | undefined {
  return MARK.exec(name)?.[1];
}

function isOurs(name: string): boolean {
  return MARK.test(name) || SWAP.test(name);
}

/** Whether what is at a path is half-written or half-removed. */
async function isUnfinished(path: string): Promise<boolean> {
  if (namesOf(path).length === 0) return false;
  const parent = await folderAt(dirname(path));
  return (await entryIn(parent, markOf(basename(path)))) !== undefined;
}

async function mark(parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  await parent.getFileHandle(markOf(name), { create: true });
}

async function unmark(parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  await removeEntry(parent, markOf(name));
}

async function removeMarked(parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  await removeEntry(parent, name);
  await unmark(parent, name);
}

async function removeFile(path: string): Promise<void> {
  const folder = await folderAt(dirname(path));
  const entry = await entryIn(folder, basename(path));
  if (entry?.kind === 'directory')
    throw Object.assign(new Error(`EISDIR: it is a folder, '${path}'`), { code: 'EISDIR' });
  if (entry !== undefined) await removeEntry(folder, entry.name);
}

async function setAside(dir: string, names: Iterable<string>): Promise<string | undefined> {
  const there = (await opfsStorage.list(dir)).map(({ name }) => name);
  const moved = [...names].filter((name) => there.includes(name));
  if (moved.length === 0) return undefined;
  const from = await folderAt(dir);
  const name = nameAfter(there);
  const aside = await from.getDirectoryHandle(name, { create: true });
  const done: string[] = [];
  try {
    for (const each of moved) {
      await moveEntry(from, each, aside);
      done.push(each);
    }
  } catch (error) {
    for (const each of done.reverse()) await moveEntry(aside, each, from).catch(() => {});
    await from.removeEntry(name).catch(() => {});
    throw fileError(dir, error);
  }
  return join(dir, name);
}

/** Moves a file or a folder. A folder is copied and then removed: until then it stays where it was. */
async function moveEntry(
  from: FileSystemDirectoryHandle,
  name: string,
  to: FileSystemDirectoryHandle,
): Promise<void> {
  const entry = await entryIn(from, name);
  if (entry === undefined) throw new DOMException(`There is no ${name}`, 'NotFoundError');
  if (entry.kind === 'file') return moveFile(from, name, to);
  await mark(to, name);
  try {
    await copyFolder(entry, await to.getDirectoryHandle(name, { create: true }));
    await unmark(to, name);
  } catch (error) {
    await removeMarked(to, name).catch(() => {});
    throw error;
  }
  await mark(from, name);
  await removeMarked(from, name);
}

async function copyFolder(from: FileSystemDirectoryHandle, to: FileSystemDirectoryHandle): Promise<void> {
  for (const entry of await entriesOf(from)) {
    if (entry.kind === 'file')
      await replaceFile(to, entry.name, await contentOf(entry), temporaryOf(entry.name));
    else await copyFolder(entry, await to.getDirectoryHandle(entry.name, { create: true }));
  }
}

async function lock(dir: string): Promise<() => Promise<void>> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined)
    throw new EngineError(
      'A folder of checkpoints needs Web Locks (`navigator.locks`). Use a browser of 2022 or newer.',
    );
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let ended: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const hold = () => {
      resolve();
      return held;
    };
    const options = { signal: AbortSignal.timeout(PATIENCE) };
    ended = locks.request(`mnist-kit ${namesOf(dir).join('/')}`, options, hold);
    ended.catch(reject);
  }).catch((error: unknown) => {
    if (!isNamed(error, 'TimeoutError') && !isNamed(error, 'AbortError')) throw fileError(dir, error);
    throw new CheckpointError(
      `Another fit of this site, here or in another tab, writes checkpoints to ${dir}. Give this fit a folder of its own, ` +
        'or end that one.',
    );
  });
  return async () => {
    release();
    await ended.catch(() => {});
  };
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: there is nothing, '${path}'`), { code: 'ENOENT' });
}

async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(path, error);
  }
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Bytes of their own: files take no shared memory. */
function bytesOf(data: string | Uint8Array): FileBytes {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  return (data.buffer instanceof ArrayBuffer ? data : data.slice()) as FileBytes;
}
