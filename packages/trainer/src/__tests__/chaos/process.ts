import { type ChildProcess, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Children, Ended, Surroundings } from '../children/start.js';
import type { Damages } from './damage.js';
import type { Disturbance } from './disturbance.js';

/** A disk that can be filled. */
export interface Disk {
  /** Leaves so many bytes free. */
  fill(free: number): void;
  /** Makes room again. */
  free(): void;
}

/** What the processes of a round are run with. */
export interface Setting {
  readonly children: Children;
  /** The module that upsets a process from inside, children/upset.mjs. */
  readonly upset: string;
  readonly damages: Damages;
  readonly disk?: Disk;
  /** The user that they run as. */
  readonly user?: number;
  /** Called right after files were damaged. */
  readonly onDamage: () => void;
}

/** A process that has ended, and what was done to it. */
export interface Disturbed extends Ended {
  /** What came to pass, in words, with the kinds. */
  readonly acted: readonly { readonly disturbance: Disturbance; readonly what: string }[];
  /** Whether it had to be ended from outside. */
  readonly hung: boolean;
  readonly seconds: number;
  /** How the second process on the same folder ended, if there was one. */
  readonly second?: Ended;
}

/** Milliseconds after which a process counts as hanging: it takes one or two seconds, and waits a minute at most for a dead thread. */
const PATIENCE = 150_000;

/** Runs a training process and does to it what is asked. */
export async function runDisturbed(
  options: object,
  disturbances: readonly Disturbance[],
  setting: Setting,
): Promise<Disturbed> {
  const { children, damages, disk } = setting;
  const acted: Disturbed['acted'][number][] = [];
  const note = (disturbance: Disturbance, what: string) => acted.push({ disturbance, what });
  const timers = new Set<NodeJS.Timeout>();
  const later = (milliseconds: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, milliseconds);
    timers.add(timer);
  };
  let second: Promise<Ended> | undefined;
  let lines = 0;
  let running = true;
  const act = (disturbance: Disturbance, child: ChildProcess) => {
    if (!running) return;
    const { kind } = disturbance;
    if (kind === 'signals') {
      const [first, then] = disturbance.signals;
      child.kill(first);
      note(disturbance, `${first} after ${lines} lines`);
      if (then !== undefined)
        later(disturbance.gap, () => {
          if (running && child.kill(then)) note(disturbance, `${then} after ${disturbance.gap} ms`);
        });
    } else if (kind === 'full disk') {
      disk?.fill(disturbance.free);
      note(disturbance, `${disturbance.free} bytes free after ${lines} lines`);
      if (disturbance.milliseconds !== null) later(disturbance.milliseconds, () => disk?.free());
    } else if (kind === 'limit') {
      if (limit(child, disturbance.of, disturbance.at, setting.user))
        note(disturbance, `${disturbance.of} ${disturbance.at} after ${lines} lines`);
    } else if (kind === 'clock' || kind === 'worker terminated') {
      child.kill('SIGUSR2');
      note(disturbance, `after ${lines} lines`);
    } else if (kind === 'stdout closed') {
      child.stdout?.destroy();
      note(disturbance, `after ${lines} lines`);
    } else if (kind === 'second process') {
      const other = children.launch({ ...options, out: undefined, resume: 'auto' }, () => {}, {
        user: setting.user,
      });
      const patience = setTimeout(() => other.child.kill('SIGKILL'), PATIENCE);
      second = other.ended.finally(() => clearTimeout(patience));
      note(disturbance, `after ${lines} lines`);
    } else {
      const what = damages.inflict(disturbance);
      if (what === undefined) return;
      note(disturbance, `${what} after ${lines} lines`);
      setting.onDamage();
    }
  };
  const due = (child: ChildProcess) => {
    for (const disturbance of disturbances)
      if (disturbance.moment?.lines === lines)
        later(disturbance.moment.milliseconds, () => act(disturbance, child));
  };
  const { surroundings, close } = surroundingsOf(disturbances, setting);
  for (const disturbance of disturbances)
    if (
      disturbance.kind === 'heap limit' ||
      disturbance.kind === 'worker fails' ||
      disturbance.kind === 'stdout full'
    )
      note(disturbance, 'from the start');
  const { child, ended } = children.launch(
    options,
    (_, child) => {
      lines++;
      due(child);
    },
    surroundings,
  );
  due(child);
  const started = performance.now();
  let hung = false;
  const watchdog = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, PATIENCE);
  const result = await ended;
  running = false;
  const seconds = (performance.now() - started) / 1000;
  clearTimeout(watchdog);
  for (const timer of timers) clearTimeout(timer);
  close();
  disk?.free();
  damages.makeWritable();
  return { ...result, acted, hung, seconds, ...(second !== undefined && { second: await second }) };
}

function surroundingsOf(
  disturbances: readonly Disturbance[],
  { upset, user }: Setting,
): { surroundings: Surroundings; close: () => void } {
  const inside: Record<string, unknown> = {};
  const node: string[] = [];
  let stdout: number | undefined;
  for (const disturbance of disturbances) {
    if (disturbance.kind === 'clock') inside.clockHours = disturbance.hours;
    if (disturbance.kind === 'worker terminated') inside.terminate = disturbance.which;
    if (disturbance.kind === 'worker fails') inside.start = { nth: disturbance.nth, how: disturbance.how };
    if (disturbance.kind === 'heap limit') node.push(`--max-old-space-size=${disturbance.megabytes}`);
    if (disturbance.kind === 'stdout full') stdout ??= openSync('/dev/full', 'w');
  }
  const upsets = Object.keys(inside).length > 0;
  if (upsets) node.push('--import', upset);
  return {
    surroundings: { node, user, stdout, ...(upsets && { environment: { CHAOS: JSON.stringify(inside) } }) },
    close: () => {
      if (stdout !== undefined) closeSync(stdout);
    },
  };
}

/** Sets a limit on a running process, as its own user: root may lack the right to. */
function limit({ pid }: ChildProcess, of: string, at: number, user: number | undefined): boolean {
  const id = user === undefined ? {} : { uid: user, gid: user };
  return spawnSync('prlimit', ['--pid', String(pid), `--${of}=${at}`], id).status === 0;
}
