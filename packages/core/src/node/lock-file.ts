import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EngineError } from '../errors.js';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';
import { temporaryPath } from './temporary-files.js';
import { writeDurably } from './write-durably.js';

/**
 * Who has a lock that another one asks for.
 *
 * @example
 * ```ts
 * import type { LockHolder } from '@mnist-kit/core/node';
 *
 * const nameOf = ({ here, pid }: LockHolder) => (here ? 'this process' : `process ${pid ?? 'unknown'}`);
 * console.log(nameOf({ here: false, pid: 4711 })); // process 4711
 * ```
 */
export interface LockHolder {
  /** Whether it is this thread of this process. */
  readonly here: boolean;
  /** Number of the process, where it is another thread's and known. */
  readonly pid?: number;
}

/** What a lock says of who took it. */
interface Holder extends ProcessIdentity {
  /** Of this taking alone. */
  readonly id: string;
}

/** Locks of this thread: content by path. */
const held = new Map<string, string>();
/** Locks of this thread that the disk did not let go of. */
const abandoned = new Set<string>();

/**
 * Takes what a file stands for, a folder or another file, for one user of it at a time: makes the file.
 *
 * One that was left behind by a process that is gone is taken over. `process.exit` and an exception that nobody catches
 * give the lock back. It holds between the processes of one machine.
 *
 * @param path The file that is the lock; its folder must exist.
 * @param refuse The error for somebody who comes while another one has it.
 * @returns A function that gives the lock back.
 * @throws what `refuse` makes; EngineError when the lock cannot be written.
 *
 * @example
 * ```ts
 * import { EngineError } from '@mnist-kit/core';
 * import { lockFile } from '@mnist-kit/core/node';
 *
 * const unlock = await lockFile('results.jsonl.lock', ({ pid }) => new EngineError(`In use by process ${pid}.`));
 * try {
 *   // Nobody else writes results.jsonl now.
 * } finally {
 *   await unlock();
 * }
 * ```
 */
export async function lockFile(
  path: string,
  refuse: (holder: LockHolder) => Error,
): Promise<() => Promise<void>> {
  const lock = resolve(path);
  if (held.has(lock)) throw refuse({ here: true });
  const own: Holder = { ...ownIdentity(), id: randomUUID() };
  const content = JSON.stringify(own);
  held.set(lock, content);
  try {
    await take(lock, content, refuse);
  } catch (error) {
    held.delete(lock);
    throw error;
  }
  process.off('exit', releaseAll);
  process.on('exit', releaseAll);
  return async () => {
    if (!held.delete(lock)) return;
    if (held.size === 0) process.off('exit', releaseAll);
    try {
      // Somebody may have deleted the lock and another one made one of its own.
      if ((await readFile(lock, 'utf8')) === content) await rm(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') abandoned.add(own.id);
    }
  };
}

function releaseAll(): void {
  for (const [path, content] of held)
    try {
      if (readFileSync(path, 'utf8') === content) rmSync(path, { force: true });
    } catch {}
}

async function take(path: string, content: string, refuse: (holder: LockHolder) => Error): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(path, content)) return;
    const found = await readFile(path, 'utf8').catch(() => undefined);
    const holder = found === undefined ? undefined : parse(found);
    if (holder !== undefined && !abandoned.has(holder.id) && isAlive(holder))
      throw refuse({ here: false, pid: holder.pid });
    if (found !== undefined) await remove(path, found);
  }
  throw refuse({ here: false });
}

/** Makes the lock unless there is one. It appears with its content: an empty one would look left behind. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = draftOf(path);
  try {
    await writeDurably(draft, content);
    try {
      await link(draft, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Or another one that had the lock meanwhile took the draft for a leftover.
      if (code === 'EEXIST' || code === 'ENOENT') return false;
      // A file system without hard links.
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
      await writeDurably(path, content);
    }
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw new EngineError(`Cannot write ${path}: ${message}. Free some space or choose another folder.`, {
      cause: error,
    });
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** Removes a lock that was left behind, and not the one that another process has made of it meanwhile. */
async function remove(path: string, content: string): Promise<void> {
  const aside = draftOf(path);
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8').catch(() => content)) !== content)
    await link(aside, path).catch(() => {});
  await rm(aside, { force: true }).catch(() => {});
}

/** A temporary file is hidden by its name anyway. */
function draftOf(path: string): string {
  return temporaryPath(join(dirname(path), basename(path).replace(/^\./, '')));
}

function parse(content: string): Holder | undefined {
  try {
    return (JSON.parse(content) ?? undefined) as Holder | undefined;
  } catch {
    return undefined;
  }
}
