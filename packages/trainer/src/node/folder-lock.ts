import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { CheckpointError, EngineError } from '@mnist-kit/core';

/** Folders that fits of this process write to. */
const held = new Set<string>();

/**
 * Takes a folder for one fit, so that two of them do not write over each other.
 *
 * A lock left behind by a process that is gone is taken over.
 *
 * @returns A function that gives the folder back.
 * @throws CheckpointError when another fit that is alive holds it; EngineError when the lock cannot be written.
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(resolve(dir), '.lock');
  if (held.has(path)) throw occupied(dir, 'another fit of this process');
  held.add(path);
  try {
    await take(path, dir);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    held.delete(path);
    await rm(path, { force: true }).catch(() => {});
  };
}

async function take(path: string, dir: string): Promise<void> {
  const own = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(path, own)) return;
    const found = await readFile(path, 'utf8').catch(() => undefined);
    const holder = found === undefined ? undefined : parse(found);
    if (holder !== undefined && isAlive(holder)) throw occupied(dir, `process ${holder.pid}`, path);
    if (found !== undefined) await remove(path, found);
  }
  throw occupied(dir, 'another process', path);
}

/** Makes the lock unless there is one. It appears with its content: an empty one would look left behind. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, content, { flush: true });
    try {
      await link(draft, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // A file system without hard links.
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
      await writeFile(path, content, { flag: 'wx' });
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
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8').catch(() => content)) !== content)
    await link(aside, path).catch(() => {});
  await rm(aside, { force: true }).catch(() => {});
}

interface Holder {
  readonly pid: number;
  readonly host: string;
}

function parse(content: string): Holder | undefined {
  try {
    return JSON.parse(content) as Holder;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, host }: Holder): boolean {
  // Processes of other machines cannot be asked; a container that was started anew has another name and
  // must be able to go on. Our own number, not in `held`, is that of a process before us.
  if (host !== hostname() || pid === process.pid || !Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function occupied(dir: string, by: string, path?: string): CheckpointError {
  const advice = path === undefined ? '' : `, or delete ${path} if that process does no such thing`;
  return new CheckpointError(
    `${by[0].toUpperCase()}${by.slice(1)} writes checkpoints to ${dir}. Give this fit a folder of its own${advice}.`,
  );
}
