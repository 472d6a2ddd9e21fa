import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIGURATIONS, configuration, optionsOf } from './configuration.js';
import { Damages, ownFiles } from './damage.js';
import { type Abilities, type Disturbance, drawChain } from './disturbance.js';
import { Draw } from './draw.js';
import { filesIn, leftovers, reached } from './folder.js';
import { type Disturbed, runDisturbed, type Setting } from './process.js';
import { differences, type Place } from './results.js';
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
  return {
    seed,
    number,
    configuration: draw.integer(0, CONFIGURATIONS - 1),
    ownFiles: draw.chance(0.3),
    chain: drawChain(draw, abilities),
  };
}

/** Processes that nobody disturbs and that may follow the chain until one finishes. */
const ATTEMPTS = 3;

/** Runs the processes of a round one after another, until one has finished undisturbed, and checks each. */
export async function runRound(
  round: Round,
  { place, whole, ...given }: { place: Place; whole: Place } & Omit<Setting, 'damages' | 'onDamage'>,
): Promise<RoundReport> {
  const { run, out } = place;
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
  if (round.ownFiles) placeOwnFiles(run, given.user);
  const options = optionsOf(configuration(round.configuration), place);
  for (let number = 0; number < round.chain.length + ATTEMPTS; number++) {
    rmSync(out, { force: true });
    const disturbances = round.chain[number] ?? [];
    const before = disturbances.flatMap((disturbance) => {
      if (disturbance.moment !== undefined) return [];
      const what = damages.inflict(disturbance);
      return what === undefined ? [] : [{ disturbance, what }];
    });
    least = reached(run);
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

function placeOwnFiles(run: string, user: number | undefined): void {
  for (const name of ownFiles) {
    const path = join(run, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, CONTENT);
  }
  if (user === undefined) return;
  chownSync(run, user, user);
  for (const name of readdirSync(run, { recursive: true, encoding: 'utf8' }))
    chownSync(join(run, name), user, user);
}

/** What is wrong with the folder of a run that has ended cleanly. */
function remains({ ownFiles: own }: Round, run: string, damages: Damages): string[] {
  const left = leftovers(run).map((name) => `${name} was left behind`);
  if (!own || damages.removed) return left;
  const gone = ownFiles.filter((name) => !damages.has(name) && !filesIn(run).includes(name));
  const changed = ownFiles.filter(
    (name) => !damages.has(name) && !gone.includes(name) && readFileSync(join(run, name), 'utf8') !== CONTENT,
  );
  return [
    ...left,
    ...gone.map((name) => `${name} of the user was deleted`),
    ...changed.map((name) => `${name} of the user was changed`),
  ];
}
