import { readdir, readFile } from 'node:fs/promises';

/** Whether this system tells what is needed to measure memory. */
export const canMeasureMemory = process.platform === 'linux';

/** Milliseconds between two looks. */
const INTERVAL = 50;

/**
 * Watches the memory of a process and its descendants.
 *
 * A descendant counts with the pages that it shares with nobody: a forked loader shares most of its parent's,
 * and those are counted there.
 */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peak = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(pid: number) {
    this.#pid = pid;
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#looking = this.#look().finally(() => {
        busy = false;
      });
    }, INTERVAL);
  }

  /** Ends the watch: the largest sum so far in MiB. To be called while the process still lives. */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#look();
    return this.#peak / 1024;
  }

  async #look(): Promise<void> {
    const children = await descendants(this.#pid);
    const [own, ...others] = await Promise.all([status(this.#pid), ...children.map(privateKiB)]);
    const sum = own.now + others.reduce((total, size) => total + size, 0);
    // The kernel keeps the peak of one process exactly; looks can miss it.
    this.#peak = Math.max(this.#peak, sum, own.peak);
  }
}

async function status(pid: number): Promise<{ now: number; peak: number }> {
  const text = await read(`/proc/${pid}/status`);
  return { now: field(text, 'VmRSS'), peak: field(text, 'VmHWM') };
}

async function privateKiB(pid: number): Promise<number> {
  const text = await read(`/proc/${pid}/smaps_rollup`);
  return field(text, 'Private_Clean') + field(text, 'Private_Dirty');
}

async function descendants(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  // Any thread may have forked.
  const texts = await Promise.all(threads.map((thread) => read(`/proc/${pid}/task/${thread}/children`)));
  const children = texts.flatMap((text) => text.split(' ').filter(Boolean).map(Number));
  return (await Promise.all(children.map(async (child) => [child, ...(await descendants(child))]))).flat();
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** A process may end while it is looked at. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
