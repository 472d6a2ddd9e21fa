import type { Ended } from '../children/start.js';
import type { Kind } from './disturbance.js';
import type { Disturbed } from './process.js';

/** How a process ended. */
export type Outcome = 'finished' | 'interrupted' | 'killed' | 'refused';

/** A verdict on a process: how it ended, or what is wrong with that. */
export type Verdict = { readonly outcome: Outcome; readonly reason?: string } | { readonly wrong: string };

const exitCodes: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Kinds after which a process may end with an error that says why. */
const refusable = new Set<Kind>([
  'full disk',
  'limit',
  'worker terminated',
  'worker fails',
  'heap limit',
  'folder removed',
  'read-only',
  'file damaged',
]);

/** What V8 and Node die of without memory. */
const outOfMemory = ['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV'];

/** Whether a process ended as it may, after what was done to it. */
export function judge(ended: Disturbed, { mayRefuse = false } = {}): Verdict {
  const kinds = new Set(ended.acted.map(({ disturbance }) => disturbance.kind));
  if (ended.hung) return { wrong: 'hung' };
  if (ended.signal !== null) return judgeDeath(ended, kinds);
  const summary = ended.stdout.match(/^\{"epochs":\d+,"interrupted":(true|false)\}$/m)?.[1];
  const silent = kinds.has('stdout closed') || kinds.has('stdout full');
  if (ended.code === 0) {
    if (summary !== 'false' && !silent) return { wrong: 'ended with code 0 and no result' };
    return { outcome: 'finished' };
  }
  const sent = signalsSent(ended);
  if (sent.some((signal) => exitCodes[signal] === ended.code) && (summary !== undefined || silent))
    return summary === 'false' ? { outcome: 'finished' } : { outcome: 'interrupted' };
  const reason = typedError(ended.stderr);
  if (reason === undefined) {
    const memory = kinds.has('heap limit') || kinds.has('limit');
    if (memory && (ended.code === 134 || ended.code === 133)) return { outcome: 'killed' };
    return { wrong: `ended with code ${ended.code} without a typed error` };
  }
  const occupied = kinds.has('second process') && /^CheckpointError: Process \d+ writes/.test(reason);
  if (!mayRefuse && !occupied && ![...kinds].some((kind) => refusable.has(kind)))
    return { wrong: `refused without need: ${reason}` };
  return { outcome: 'refused', reason };
}

function judgeDeath(ended: Disturbed, kinds: ReadonlySet<Kind>): Verdict {
  const { signal } = ended;
  const sent = signalsSent(ended);
  if (sent.some((name) => name === signal)) {
    const inFit = /^started$/m.test(ended.stdout) && !/^\{"epochs"/m.test(ended.stdout);
    if (signal !== 'SIGKILL' && sent.length === 1 && inFit)
      return { wrong: `${signal} ended the process in the middle of a fit` };
    return { outcome: 'killed' };
  }
  if (outOfMemory.includes(signal ?? '') && (kinds.has('heap limit') || kinds.has('limit')))
    return { outcome: 'killed' };
  return { wrong: `died of ${signal}` };
}

/** Whether the second process on a folder ended as it may: refused, or having done what the first one left. */
export function judgeSecond({ code, signal, stderr }: Ended): string | undefined {
  if (code === 0) return undefined;
  const reason = typedError(stderr);
  return reason === undefined ? `second process: code ${code}, signal ${signal}, no typed error` : undefined;
}

function signalsSent({ acted }: Disturbed): string[] {
  return acted.flatMap(({ disturbance, what }) =>
    disturbance.kind === 'signals' ? [what.split(' ')[0]] : [],
  );
}

const typed =
  /^(?:.*\[cause\].*)?(?:Uncaught )?((?:InvalidArgument|Data|Model|Checkpoint|Engine|Callback|MnistKit)Error: .*)$/m;

/** The error of the house that a process ended with. */
export function typedError(stderr: string): string | undefined {
  return stderr.match(typed)?.[1];
}
