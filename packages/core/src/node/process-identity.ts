import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process: its number may be another one's by the time that somebody asks. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it started, in a form that means the same until the machine starts anew; where that can be known. */
  readonly started?: string;
}

/** The process that this is. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid) };
}

/**
 * Whether a process is alive.
 *
 * Processes of other machines cannot be asked, and count as gone: a container that was started anew has another name
 * and must be able to go on.
 */
export function isAlive({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname() || !Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const current = startOf(pid);
  // Where starts are not known, our own number is that of a process before us.
  if (started === undefined || current === undefined) return pid !== process.pid;
  return started === current;
}

/** Ticks from the start of the machine to that of a process, and which start of the machine; Linux only. */
function startOf(pid: number): string | undefined {
  try {
    // proc(5): the name in parentheses may hold anything, the start is the 20th field behind it.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
    if (!/^\d+$/.test(ticks ?? '')) return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`;
  } catch {
    return undefined;
  }
}
