import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';

/** `.NAME.PROCESS-THREAD-COUNTER.tmp` */
const PATTERN = /^\.(.+)\.(\d+)-(\d+)-\d+\.tmp$/s;
/** Milliseconds without a change after which nobody can still be writing. */
const ABANDONED = 600_000;

let counter = 0;
/** Names that `writeFileAtomic` of this thread is writing to. */
export const unfinished = new Set<string>();

/**
 * A path for a temporary file beside `path`, that no other process or thread of this machine uses, and that
 * {@link removeTemporaryFiles} recognises.
 *
 * @example
 * ```ts
 * import { temporaryPath } from '@mnist-kit/core/node';
 *
 * console.log(temporaryPath('runs/first/results.json')); // runs/first/.results.json.4711-0-1.tmp
 * ```
 */
export function temporaryPath(path: string): string {
  const name = `.${basename(path)}.${process.pid}-${threadId}-${counter++}.tmp`;
  return join(dirname(path), name);
}

/**
 * Options of {@link removeTemporaryFiles}.
 *
 * @example
 * ```ts
 * import { removeTemporaryFiles, type RemoveTemporaryFilesOptions } from '@mnist-kit/core/node';
 *
 * const options: RemoveTemporaryFilesOptions = { of: (name) => name.endsWith('.json') };
 * await removeTemporaryFiles('runs', options);
 * ```
 */
export interface RemoveTemporaryFilesOptions {
  /** Whether files that were to get a name are looked at. */
  of: (name: string) => boolean;
  /** Whether the caller knows that nobody else writes such files, by a lock. Default false. */
  exclusive?: boolean;
}

/**
 * Removes temporary files of `writeFileAtomic` that were left behind: by a process that is gone or, where the caller
 * is known to be the only writer, by any other.
 *
 * A file that is removed while somebody does write it (a process of another machine looks as if it were gone) is
 * written again by that one.
 *
 * @param folder Where to look; a folder that cannot be read is left as it is.
 *
 * @example
 * ```ts
 * import { removeTemporaryFiles } from '@mnist-kit/core/node';
 *
 * await removeTemporaryFiles('runs/first', { of: (name) => name === 'results.json' });
 * ```
 */
export async function removeTemporaryFiles(
  folder: string,
  { of, exclusive = false }: RemoveTemporaryFilesOptions,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, target, pid, thread] = PATTERN.exec(name) ?? [];
    if (target === undefined || !of(target) || unfinished.has(name)) continue;
    const path = join(folder, name);
    if (exclusive || isGone(Number(pid), Number(thread)) || (await isOld(path)))
      await unlink(path).catch(() => {});
  }
}

function isGone(pid: number, thread: number): boolean {
  // Ours, and we are not writing it: of a process before us that had our number.
  if (pid === process.pid) return thread === threadId;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function isOld(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > ABANDONED,
    () => false,
  );
}
