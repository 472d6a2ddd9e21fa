import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Report } from './child.js';

/** System calls that change files, by what the watcher of the tests calls them. */
const kinds: Readonly<Record<string, string>> = {
  openat: 'open',
  open: 'open',
  mkdir: 'mkdir',
  mkdirat: 'mkdir',
  unlink: 'unlink',
  unlinkat: 'unlink',
  rmdir: 'rmdir',
  rename: 'rename',
  renameat2: 'rename',
  link: 'link',
  linkat: 'link',
  write: 'write',
  pwrite64: 'write',
  writev: 'write',
  fsync: 'sync',
  fdatasync: 'sync',
  ftruncate: 'truncate',
};

/** One system call below the folder that is looked at. */
export interface SystemCall {
  readonly call: string;
  readonly kind: string;
  /** Below the folder; the number of the process is written `PID`. */
  readonly path: string;
  /** How many calls of that name with that path there were before, and this one. */
  readonly nth: number;
  /** Whether it failed by itself, as a look at what is not there does. */
  readonly failed: boolean;
}

/** A training process that is ready to begin. */
export interface Waiting {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lets it begin, and waits for its end. */
  run(order: 'fit' | 'resume' | 'watch'): Promise<Report | undefined>;
}

export async function start(script: string, dir: string, warmUp: string): Promise<Waiting> {
  // With one thread for files, calls come in one order.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const child = spawn(process.execPath, [script, dir, warmUp], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, 'line');
  if (first !== 'ready') throw new Error(`The process said ${first}`);
  return {
    child,
    pid: child.pid as number,
    async run(order) {
      let report: Report | undefined;
      lines.on('line', (line) => {
        report = JSON.parse(line) as Report;
      });
      const ended = once(child, 'exit');
      child.stdin.end(`${order}\n`);
      await ended;
      return report;
    },
  };
}

/** Attaches strace to a process; what it prints is in `log` when the process has ended. */
export async function attach(
  pid: number,
  log: string,
  options: readonly string[],
): Promise<{ ended: Promise<unknown> }> {
  const strace = spawn('strace', ['-f', '-y', '-s', '0', '-o', log, ...options, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(strace, 'exit');
  await new Promise<void>((resolve, reject) => {
    strace.stderr.on('data', (data) => {
      if (/attached/.test(String(data))) resolve();
      else reject(new Error(`strace: ${data}`));
    });
  });
  return { ended };
}

/** Traces every system call of the list. */
export const traceAll = ['-e', `trace=${Object.keys(kinds).join(',')}`];

export function readLog(log: string, dir: string, pid: number): SystemCall[] {
  const counts = new Map<string, number>();
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line): SystemCall[] => {
      const match = /^\d+ +(\w+)\((.*)\) += (-?\d+)/.exec(line);
      if (match === null || kinds[match[1]] === undefined) return [];
      const [, call, given, result] = match;
      // Paths in quotes or, of descriptors, in angle brackets.
      const paths = [...given.matchAll(/"([^"]*)"|<([^>]*)>/g)]
        .map(([, quoted, described]) => quoted ?? described)
        .filter((path) => path === dir || path.startsWith(`${dir}/`));
      if (paths.length === 0) return [];
      const path = paths[0].slice(dir.length + 1).replaceAll(String(pid), 'PID');
      const key = `${call} ${path}`;
      const nth = (counts.get(key) ?? 0) + 1;
      counts.set(key, nth);
      const kind = call === 'openat' && given.includes('O_CREAT') ? 'create' : kinds[call];
      return [{ call, kind, path, nth, failed: Number(result) < 0 }];
    });
}
