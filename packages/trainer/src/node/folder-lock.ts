import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CheckpointError, EngineError } from '@mnist-kit/core';
import { temporaryPath, writeDurably } from '@mnist-kit/core/node';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';

/** What a lock says of the fit that took it. */
interface Holder extends ProcessIdentity {
  /** Of this fit alone. */
  readonly id: string;
}

/** What temporary files of a lock are for, to `removeTemporaryFiles`. */
export const LOCK = 'lock';

/** Locks of fits of this thread: content by path. */
const held = new Map<string, string>();
/** Locks of this thread that the disk did not let go of. */
const abandoned = new Set<string>();

/**
 * Takes a folder for one fit, so that two of them do not write over each other.
 *
 * A lock left behind by a process that is gone is taken over. `process.exit` and an exception that nobody catches
 * give the folder back.
 *
 * @returns A function that gives the folder back.
 * @throws CheckpointError when another fit that is alive holds it; EngineError when the lock cannot be written.
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(resolve(dir), '.lock');
  if (held.has(path)) throw occupied(dir, 'another fit of this process');
  const own: Holder = { ...ownIdentity(), id: randomUUID() };
  const content = JSON.stringify(own);
  held.set(path, content);
  try {
    await take(path, dir, content);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  process.off('exit', releaseAll);
  process.on('exit', releaseAll);
  return async () => {
    if (!held.delete(path)) return;
    if (held.size === 0) process.off('exit', releaseAll);
    try {
      // Somebody may have deleted the lock and another fit made one of its own.
      if ((await readFile(path, 'utf8')) === content) await rm(path, { force: true });
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

async function take(path: string, dir: string, content: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(path, content)) return;
    const found = await readFile(path, 'utf8').catch(() => undefined);
    const holder = found === undefined ? undefined : parse(found);
    if (holder !== undefined && !abandoned.has(holder.id) && isAlive(holder))
      throw occupied(dir, `process ${holder.pid}`, path);
    if (found !== undefined) await remove(path, found);
  }
  throw occupied(dir, 'another process', path);
}

/** Makes the lock unless there is one. It appears with its content: an empty one would look left behind. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = temporaryPath(join(dirname(path), LOCK));
  try {
    await writeDurably(draft, content);
    try {
      await link(draft, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Or another fit that had the folder meanwhile took the draft for a leftover.
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
  const aside = temporaryPath(join(dirname(path), LOCK));
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8').catch(() => content)) !== content)
    await link(aside, path).catch(() => {});
  await rm(aside, { force: true }).catch(() => {});
}

function parse(content: string): Holder | undefined {
  try {
    return (JSON.parse(content) ?? undefined) as Holder | undefined;
  } catch {
    return undefined;
  }
}

function occupied(dir: string, by: string, path?: string): CheckpointError {
  const advice = path === undefined ? '' : `, or delete ${path} if that process does no such thing`;
  return new CheckpointError(
    `${by[0].toUpperCase()}${by.slice(1)} writes checkpoints to ${dir}. Give this fit a folder of its own${advice}.`,
  );
}
