import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileOperation } from './watched-files.js';

/** Content by path; `null` is a folder. */
export type FolderState = ReadonlyMap<string, Buffer | null>;

/** What may have become of bytes that were written and not synced. */
const tails = ['none', 'half', 'zeros', 'all'] as const;
type Tail = (typeof tails)[number];

interface File {
  content: Buffer;
  /** Bytes that are certain. */
  synced: number;
}
/** Ids of files and folders by name. */
type Names = Map<string, number>;
/** What one operation does to names: all of it, or nothing. */
type Change = readonly { readonly folder: number; readonly name: string; readonly id?: number }[];
const ROOT = 0;

/** Every file and folder of a folder. */
export function readFolder(root: string): FolderState {
  const state = new Map<string, Buffer | null>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    state.set(path.slice(root.length + 1), entry.isDirectory() ? null : readFileSync(path));
  }
  return state;
}

export function writeFolder(root: string, state: FolderState): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of [...state].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (content === null) mkdirSync(join(root, path));
    else writeFileSync(join(root, path), content);
}

/** A file system in memory that knows what of it is on the disk. */
class Disk {
  readonly #files = new Map<number, File>();
  readonly #folders = new Map<number, Names>([[ROOT, new Map()]]);
  /** Names on the disk for certain. */
  readonly #certain: Map<number, Names>;
  readonly #changes: Change[] = [];
  /** Changes that a sync of a folder has made certain. */
  #synced = 0;
  #next = 1;

  constructor(state: FolderState) {
    for (const [path, content] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const id = content === null ? this.#newFolder() : this.#newFile(content, content.length);
      const { folder, name } = this.#locate(path);
      this.#folders.get(folder)?.set(name, id);
    }
    this.#certain = new Map([...this.#folders].map(([id, names]) => [id, new Map(names)]));
  }

  apply(operation: FileOperation): void {
    const { kind, path } = operation;
    const at = this.#locate(path);
    if (kind === 'create') this.#change([{ ...at, id: this.#newFile(Buffer.alloc(0), 0) }]);
    else if (kind === 'mkdir') this.#change([{ ...at, id: this.#newFolder() }]);
    else if (kind === 'unlink' || kind === 'rmdir') this.#change([at]);
    else if (kind === 'link') this.#change([{ ...this.#locate(operation.to), id: this.#idOf(path) }]);
    else if (kind === 'rename') this.#change([at, { ...this.#locate(operation.to), id: this.#idOf(path) }]);
    else if (kind === 'sync') this.#sync(this.#idOf(path));
    else if (kind === 'write') {
      const file = this.#fileAt(path);
      file.content = Buffer.concat([file.content, operation.data]);
    } else if (kind === 'truncate') {
      const file = this.#fileAt(path);
      file.content = file.content.subarray(0, operation.size);
    }
  }

  /** Every state that may be on the disk now. */
  *states(): Generator<FolderState> {
    for (let count = this.#synced; count <= this.#changes.length; count++) {
      const folders = new Map([...this.#certain].map(([id, names]) => [id, new Map(names)]));
      apply(folders, this.#changes.slice(0, count));
      for (const tail of tails) yield new Map(this.#read(folders, ROOT, '', tail));
    }
  }

  *#read(
    folders: Map<number, Names>,
    folder: number,
    prefix: string,
    tail: Tail,
  ): Generator<[string, Buffer | null]> {
    for (const [name, id] of folders.get(folder) ?? []) {
      const file = this.#files.get(id);
      yield [prefix + name, file === undefined ? null : contentAfter(file, tail)];
      if (file === undefined) yield* this.#read(folders, id, `${prefix}${name}/`, tail);
    }
  }

  #change(change: Change): void {
    this.#changes.push(change);
    apply(this.#folders, [change]);
  }

  #sync(id: number): void {
    const file = this.#files.get(id);
    if (file !== undefined) file.synced = file.content.length;
    else
      this.#synced = Math.max(
        this.#synced,
        this.#changes.findLastIndex((change) => change.some(({ folder }) => folder === id)) + 1,
      );
  }

  #newFile(content: Buffer, synced: number): number {
    this.#files.set(this.#next, { content, synced });
    return this.#next++;
  }

  #newFolder(): number {
    this.#folders.set(this.#next, new Map());
    return this.#next++;
  }

  #locate(path: string): { folder: number; name: string } {
    const parts = path.split('/');
    let folder = ROOT;
    for (const part of parts.slice(0, -1)) folder = this.#folders.get(folder)?.get(part) ?? -1;
    return { folder, name: parts[parts.length - 1] };
  }

  #idOf(path: string): number {
    const { folder, name } = this.#locate(path);
    return path === '' ? ROOT : (this.#folders.get(folder)?.get(name) ?? -1);
  }

  #fileAt(path: string): File {
    const file = this.#files.get(this.#idOf(path));
    if (file === undefined) throw new Error(`${path} is no file`);
    return file;
  }
}

function apply(folders: Map<number, Names>, changes: readonly Change[]): void {
  for (const change of changes)
    for (const { folder, name, id } of change) {
      let names = folders.get(folder);
      if (names === undefined) {
        names = new Map();
        folders.set(folder, names);
      }
      if (id === undefined) names.delete(name);
      else names.set(name, id);
    }
}

function contentAfter({ content, synced }: File, tail: Tail): Buffer {
  const certain = content.subarray(0, synced);
  const rest = content.subarray(synced);
  if (tail === 'none') return certain;
  if (tail === 'half') return content.subarray(0, synced + Math.floor(rest.length / 2));
  return tail === 'zeros' ? Buffer.concat([certain, Buffer.alloc(rest.length)]) : content;
}

/**
 * What a power cut after each number of operations may leave of a folder, by what ext4 and fsync(2) promise: names
 * change in the order in which they were changed, up to some point that is not before the last change in a folder that
 * was synced since; renames are whole; of a file all is certain that was synced, and the rest may be missing, cut off or
 * zeros.
 *
 * @param before The folder before the first operation, all of it on the disk.
 * @returns The number of operations with each state; no state twice for one number.
 */
export function* statesAfterPowerCuts(
  before: FolderState,
  operations: readonly FileOperation[],
): Generator<{ after: number; state: FolderState }> {
  const disk = new Disk(before);
  for (let after = 0; after <= operations.length; after++) {
    const seen = new Set<string>();
    for (const state of disk.states()) {
      const digest = digestOf(state);
      if (seen.has(digest)) continue;
      seen.add(digest);
      yield { after, state };
    }
    if (after < operations.length) disk.apply(operations[after]);
  }
}

/** The same for the same names and contents. */
export function digestOf(state: FolderState): string {
  const hash = createHash('sha256');
  for (const [path, content] of [...state].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path} ${content?.length ?? 'folder'}\n`).update(content ?? '');
  return hash.digest('hex');
}
