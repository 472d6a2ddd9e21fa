import { readFile, unlink, writeFile } from 'node:fs/promises';
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
 * @throws CheckpointError when another fit that is alive holds it.
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
    await unlink(path).catch(() => {});
  };
}

async function take(path: string, dir: string): Promise<void> {
  const own = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, own, { flag: 'wx' });
      return;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') {
        // A full disk may have left an empty file.
        await unlink(path).catch(() => {});
        throw new EngineError(`Cannot write ${path}: ${message}. Free some space or choose another folder.`, {
          cause: error,
        });
      }
    }
    const holder = await readHolder(path);
    if (holder !== undefined && isAlive(holder)) throw occupied(dir, `process ${holder.pid}`, path);
    await unlink(path).catch(() => {});
  }
  throw occupied(dir, 'another process', path);
}

interface Holder {
  readonly pid: number;
  readonly host: string;
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
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
