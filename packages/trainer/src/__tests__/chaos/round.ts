import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIGURATIONS, configuration, optionsOf } from './configuration.js';
import { Damages, ownFiles } from './damage.js';
import { type Abilities, type Disturbance, drawChain } from './disturbance.js';
import { Draw } from './draw.js';
import { filesIn, leftovers, reached } from './folder.js';
import { type Disturbed, runDisturbed, type Setting } from './process.js';
import { differences, type Place } from './results.js';
import type { Undisturbed } from './undisturbed.js';
import { judge, judgeSecond, type Verdict } from './verdict.js';

/** What a round is. */
export interface Round {
  readonly seed: number;
  readonly number: number;
  /** Number of its configuration. */
  readonly configuration: number;
  /** For each process what is done to it. */
  readonly chain: readonly (readonly Disturbance[])[];
  /** Whether files of the user's own lie in the run's folder. */
  readonly ownFiles: boolean;
  /** Number of the configuration of a training that has ended in that folder before, and is not to be gone on from. */
  readonly earlier?: number;
}

/** What became of one process. */
export interface Step {
  readonly acted: Disturbed['acted'];
  readonly verdict: Verdict;
  readonly ended: Disturbed;
}

export interface RoundReport {
  readonly round: Round;
  readonly steps: readonly Step[];
  /** What is wrong; empty when the round holds. */
  readonly findings: readonly string[];
  /** How it ended: the same bits, or nothing left to go on from, which was said. */
  readonly end: 'same bits' | 'refused' | 'finding';
}

/** What a round is, by seed and number alone. */
export function drawRound(seed: number, number: number, abilities: Abilities): Round {
  const draw = new Draw(seed * 100_003 + number);
  const configuration = draw.integer(0, CONFIGURATIONS - 1);
  const ownFiles = draw.chance(0.3);
  const chain = drawChain(draw, abilities);
  const other = (configuration + draw.integer(1, CONFIGURATIONS - 1)) % CONFIGURATIONS;
  return { seed, number, configuration, ownFiles, chain, ...(draw.chance(0.2) && { earlier: other }) };
}

/** Processes that nobody disturbs and that may follow the chain until one finishes. */
const ATTEMPTS = 3;

/** Where a round takes place. */
interface Stage extends Omit<Setting, 'damages' | 'onDamage'> {
  readonly place: Place;
  readonly undisturbed: Undisturbed;
}

/** Runs the processes of a round one after another, until one has finished undisturbed, and checks each. */
export async function runRound(round: Round, { place, undisturbed, ...given }: Stage): Promise<RoundReport> {
  const { run, out } = place;
  const whole = await undisturbed.of(round.configuration);
  const earlier = round.earlier === undefined ? undefined : await undisturbed.of(round.earlier);
  if (earlier !== undefined) cpSync(earlier.run, run, { recursive: true });
  const findings: string[] = [];
  const steps: Step[] = [];
  const damages = new Damages(run);
  let least = -1;
  const setting: Setting = {
    ...given,
    damages,
    onDamage: () => {
      least = reached(run);
    },
  };
  if (round.ownFiles) placeOwnFiles(run);
  if (given.user !== undefined) giveTo(given.user, run);
  for (let number = 0; number < round.chain.length + ATTEMPTS; number++) {
    rmSync(out, { force: true });
    const disturbances = round.chain[number] ?? [];
    const before = disturbances.flatMap((disturbance) => {
      if (disturbance.moment !== undefined) return [];
      const what = damages.inflict(disturbance);
      return what === undefined ? [] : [{ disturbance, what }];
    });
    // Until what was there is out of the way, a process that resumes would go on from it.
    const begins =
      earlier !== undefined &&
      !damages.removed &&
      !setAside(run).some((folder) => existsSync(join(folder, 'checkpoints')));
    const options = optionsOf(configuration(round.configuration), place, begins ? undefined : 'auto');
    least = begins ? -1 : reached(run);
    const ended = await runDisturbed(options, disturbances, setting);
    const acted = [...before, ...ended.acted];
    const verdict = judge({ ...ended, acted }, { mayRefuse: damages.ofStates && least < 0 });
    steps.push({ acted, verdict, ended });
    if ('wrong' in verdict) findings.push(verdict.wrong);
    const second = ended.second && judgeSecond(ended.second);
    if (second !== undefined) findings.push(second);
    const now = reached(run);
    if (now < least) findings.push(`the newest whole state was at step ${least} and is now at ${now}`);
    if (findings.length > 0) break;
    if (!('outcome' in verdict)) break;
    if (verdict.outcome === 'finished' && existsSync(out)) {
      findings.push(...differences(whole, place, damages));
      if (acted.length === 0) findings.push(...remains(round, run, damages));
      if (earlier !== undefined && !damages.any) findings.push(...lost(earlier.run, run));
      if (findings.length > 0) break;
      if (acted.length === 0) return report('same bits');
      // One more, which finds that everything is done.
      number = Math.max(number, round.chain.length - 1);
    } else if (verdict.outcome === 'refused' && acted.length === 0) return report('refused');
  }
  if (findings.length === 0) findings.push('never came to an end');
  return report('finding');

  function report(end: RoundReport['end']): RoundReport {
    return { round, steps, findings, end };
  }
}

const CONTENT = 'Not of the run.\n';

function placeOwnFiles(run: string): void {
  for (const name of ownFiles) {
    const path = join(run, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, CONTENT);
  }
}

function giveTo(user: number, folder: string): void {
  if (!existsSync(folder)) return;
  chownSync(folder, user, user);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, name), user, user);
}

/** Folders of what earlier fits left. */
function setAside(run: string): string[] {
  if (!existsSync(run)) return [];
  const names = readdirSync(run).filter((name) => name.startsWith('previous-'));
  return names.map((name) => join(run, name));
}

/** Files of an earlier run that are nowhere in a folder any more, under whatever name. */
function lost(earlier: string, folder: string): string[] {
  const contents = (at: string) =>
    filesIn(at).map((name) => [name, readFileSync(join(at, name), 'latin1')] as const);
  const there = new Set(contents(folder).map(([, content]) => content));
  return contents(earlier).flatMap(([name, content]) =>
    there.has(content) ? [] : [`${name} of the earlier run is gone`],
  );
}

/** What is wrong with the folder of a run that has ended cleanly. */
function remains(round: Round, run: string, damages: Damages): string[] {
  const left = leftovers(run).map((name) => `${name} was left behind`);
  if (!round.ownFiles || damages.removed) return left;
  // They may have been set aside together with the states among which they lie.
  const isThere = (name: string) =>
    [run, ...setAside(run)].some((folder) => {
      const path = join(folder, name);
      return existsSync(path) && readFileSync(path, 'utf8') === CONTENT;
    });
  const gone = ownFiles.filter((name) => !damages.has(name) && !isThere(name));
  return [...left, ...gone.map((name) => `${name} of the user is gone or changed`)];
}
