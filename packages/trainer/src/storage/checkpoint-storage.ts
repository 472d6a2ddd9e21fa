import type { FileBytes } from '@mnist-kit/core';

/**
 * Something in a folder of a {@link CheckpointStorage}.
 *
 * @example
 * ```ts
 * import { checkpointStorage, type StorageEntry } from '@mnist-kit/trainer';
 *
 * const isRun = ({ kind, name }: StorageEntry) => kind === 'folder' && !name.startsWith('.');
 * const runs = async () => (await checkpointStorage.list('runs')).filter(isRun);
 * ```
 */
export interface StorageEntry {
  readonly name: string;
  /** `other` for what is neither, such as a link. */
  readonly kind: 'file' | 'folder' | 'other';
}

/**
 * What is at a path of a {@link CheckpointStorage}.
 *
 * @example
 * ```ts
 * import { checkpointStorage, type StorageStat } from '@mnist-kit/trainer';
 *
 * const isOlder = (a: StorageStat, b: StorageStat) => a.modified < b.modified;
 * const compare = async (a: string, b: string) =>
 *   isOlder(await checkpointStorage.stat(a), await checkpointStorage.stat(b));
 * ```
 */
export interface StorageStat {
  readonly kind: StorageEntry['kind'];
  /** Whether it is a link; `kind` is then that of what it points to. */
  readonly link: boolean;
  /** When it was changed last, in milliseconds since 1970; 0 where that is not known. */
  readonly modified: number;
}

/**
 * Where `ModelCheckpoint` and the loggers keep their files: folders of the disk in Node; in a browser the site's own
 * file system (OPFS), which no other site sees and the user deletes with the site's data.
 *
 * Paths are those of the platform, such as `runs/first`; in a browser they all begin at the root. What is written is
 * there whole or not at all, also when the process or the page ends half-way.
 *
 * `write`, `append`, `makeFolder`, `setAside` and `lock` reject with an error of `@mnist-kit/core` that says what to do,
 * the others with one whose `code` is the file system's: `'ENOENT'` where there is nothing at a path.
 *
 * @example
 * ```ts
 * import { readSafetensors } from '@mnist-kit/models';
 * import { type CheckpointStorage, checkpointStorage } from '@mnist-kit/trainer';
 *
 * async function bestWeights(storage: CheckpointStorage, run: string) {
 *   return readSafetensors(await storage.read(`${run}/best.safetensors`));
 * }
 * const weights = async () => bestWeights(checkpointStorage, 'runs/first');
 * ```
 */
export interface CheckpointStorage {
  /** What is in a folder, in no certain order. */
  list(folder: string): Promise<StorageEntry[]>;
  /** What is at a path; of a link, what it points to. */
  stat(path: string): Promise<StorageStat>;
  /** A file's content. */
  read(path: string): Promise<FileBytes>;
  /** Makes a folder, and those above it, where need be, and makes sure that it can be written to. */
  makeFolder(folder: string): Promise<void>;
  /** Writes a file, or replaces it; text as UTF-8. Its folder must exist. */
  write(path: string, data: string | Uint8Array): Promise<void>;
  /** Appends to a file, which is made if need be; where that fails the file is what it was. Its folder must exist. */
  append(path: string, data: string | Uint8Array): Promise<void>;
  /** Removes a file, if there is one. */
  remove(path: string): Promise<void>;
  /** Makes a folder with these files in it, by name, and the folders above it; all of that or nothing. */
  writeFolder(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Removes a folder with all that is in it; all of that or nothing. */
  removeFolder(folder: string): Promise<void>;
  /**
   * Moves files and folders of a folder into a new one in it, called `previous-1`, `previous-2`, and so on.
   *
   * @param names What is moved, in this order; what is not there is left out.
   * @returns Where they are now; `undefined` when none of them was there.
   */
  setAside(folder: string, names: Iterable<string>): Promise<string | undefined>;
  /**
   * Takes a folder for one fit; a process or page that ends gives it back.
   *
   * @returns A function that gives it back.
   * @throws CheckpointError when another fit has it.
   */
  lock(folder: string): Promise<() => Promise<void>>;
  /**
   * Removes, in a folder whose lock the caller holds, what was left half-written or half-removed of files and folders
   * with these names.
   */
  removeLeftovers(folder: string, of: (name: string) => boolean): Promise<void>;
}

/** Whether an error says that there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ENOENT';
}
