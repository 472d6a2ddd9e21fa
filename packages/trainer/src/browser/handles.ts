import { EngineError, type FileBytes } from '@mnist-kit/core';
import { namesOf } from './paths.js';

/** What of a file's handle TypeScript's library does not know: https://fs.spec.whatwg.org, and `move` beyond it. */
interface FullFileHandle extends FileSystemFileHandle {
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
  createSyncAccessHandle?(): Promise<SyncAccessHandle>;
}

interface SyncAccessHandle {
  getSize(): number;
  truncate(size: number): void;
  write(data: FileBytes, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/**
 * The root of the site's own file system.
 *
 * @throws EngineError where the browser has none for this page; it says what to do.
 */
export async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  if (globalThis.isSecureContext === false)
    throw new EngineError(
      'Browsers keep files in a secure context only: serve the page by https:, or from localhost or 127.0.0.1. ' +
        `Received: ${globalThis.location?.origin ?? 'a page without an origin'}`,
    );
  const storage: StorageManager | undefined = globalThis.navigator?.storage;
  if (typeof storage?.getDirectory !== 'function')
    throw new EngineError(
      'There is no place for files here: `navigator.storage.getDirectory` is missing. Use a browser of 2023 or newer; in ' +
        'Node this is a package that was bundled for browsers, so bundle it for Node.',
    );
  try {
    return await storage.getDirectory();
  } catch (error) {
    throw new EngineError(
      `The browser keeps no files for this page (${(error as Error).message}). A private window, or settings that block ` +
        "a site's data, may be why.",
      { cause: error },
    );
  }
}

/** The folder at a path; those on the way are made with `create`. */
export async function folderAt(path: string, create = false): Promise<FileSystemDirectoryHandle> {
  let folder = await rootFolder();
  for (const name of namesOf(path)) folder = await folder.getDirectoryHandle(name, { create });
  return folder;
}

/** What is called `name` in a folder; undefined where there is nothing. */
export async function entryIn(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemFileHandle | FileSystemDirectoryHandle | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined;
    if (isNamed(error, 'TypeMismatchError')) return folder.getDirectoryHandle(name);
    throw error;
  }
}

/** Removes what is called `name`, with all that is in it; nothing where there is nothing. */
export async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!isNamed(error, 'NotFoundError')) throw error;
  });
}

/** Names in a folder, in their order. */
export async function entriesOf(
  folder: FileSystemDirectoryHandle,
): Promise<(FileSystemFileHandle | FileSystemDirectoryHandle)[]> {
  const entries: (FileSystemFileHandle | FileSystemDirectoryHandle)[] = [];
  for await (const entry of folder.values())
    entries.push(entry as FileSystemFileHandle | FileSystemDirectoryHandle);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The content of a file. */
export async function contentOf(file: FileSystemFileHandle): Promise<FileBytes> {
  return new Uint8Array(await (await file.getFile()).arrayBuffer());
}

/**
 * Writes a file, whole or not at all. A writable stream writes beside the file and takes its place when it is closed;
 * where there is none (Safari before 26, in workers) a temporary file of ours does that.
 *
 * @param temporary Its name.
 */
export async function replaceFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  data: FileBytes,
  temporary: string,
): Promise<void> {
  if (streams()) return stream(await folder.getFileHandle(name, { create: true }), data, false);
  const draft: FullFileHandle = await folder.getFileHandle(temporary, { create: true });
  try {
    await withSyncAccess(draft, (access) => {
      access.truncate(0);
      writeAll(access, data, 0);
    });
    await draft.move?.(folder, name);
  } catch (error) {
    await removeEntry(folder, temporary).catch(() => {});
    throw error;
  }
}

/** Appends to a file, which is made if need be. Where that fails, it is what it was. */
export async function appendToFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  data: FileBytes,
): Promise<void> {
  const file: FullFileHandle = await folder.getFileHandle(name, { create: true });
  if (streams()) return stream(file, data, true);
  await withSyncAccess(file, (access) => {
    const size = access.getSize();
    try {
      writeAll(access, data, size);
    } catch (error) {
      access.truncate(size);
      throw error;
    }
  });
}

/** Moves a file, at once where the browser can; else by a copy. */
export async function moveFile(
  from: FileSystemDirectoryHandle,
  name: string,
  to: FileSystemDirectoryHandle,
): Promise<void> {
  const file: FullFileHandle = await from.getFileHandle(name);
  if (typeof file.move === 'function') return file.move(to, name);
  await replaceFile(to, name, await contentOf(file), `.${name}.tmp`);
  await removeEntry(from, name);
}

export function isNamed(error: unknown, name: string): boolean {
  return (error as { name?: unknown } | null | undefined)?.name === name;
}

function streams(): boolean {
  return typeof FileSystemFileHandle.prototype.createWritable === 'function';
}

async function stream(file: FileSystemFileHandle, data: FileBytes, append: boolean): Promise<void> {
  const position = append ? (await file.getFile()).size : 0;
  const writable = await file.createWritable({ keepExistingData: append });
  try {
    await writable.write({ type: 'write', position, data });
    await writable.close();
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
}

async function withSyncAccess(file: FullFileHandle, work: (access: SyncAccessHandle) => void): Promise<void> {
  if (file.createSyncAccessHandle === undefined || file.move === undefined)
    throw new EngineError(
      'This browser writes files in workers only. Train in a worker, or use a newer browser.',
    );
  const access = await file.createSyncAccessHandle();
  try {
    work(access);
    access.flush();
  } finally {
    access.close();
  }
}

function writeAll(access: SyncAccessHandle, data: FileBytes, at: number): void {
  if (access.write(data, { at }) !== data.length)
    throw new DOMException('The file could not be written to its end.', 'QuotaExceededError');
}
