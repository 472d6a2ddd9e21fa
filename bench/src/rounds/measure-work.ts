import type { Runner } from '../runners/runner.js';
import type { Parts } from '../sessions/session.js';
import type { Effort } from '../works/effort.js';
import { nameOf, type Work } from '../works/work.js';
import { type Contestant, enter, type Sample } from './contestants.js';
import { median } from './statistics.js';

/** What was measured of one runner at one work. */
export interface Measured {
  readonly work: Work;
  readonly runner: Runner;
  /** One per round: milliseconds, or what {@link unitOf} says. */
  readonly values: readonly number[];
  /** Medians of what a step consists of, where its session tells. */
  readonly parts?: Parts;
}

/** Where progress and notes go. */
export interface Listener {
  /** A line for people that is not kept. */
  progress(line: string): void;
  /** Something that the results must say: a runner that was left out, and why. */
  note(line: string): void;
}

/**
 * Measures one work: all runners are made ready, then take turns, round by round.
 *
 * Turns put a busy minute of the machine on all of them alike.
 */
export async function measureWork(
  work: Work,
  runners: readonly Runner[],
  { effort, root, listener }: { effort: Effort; root: string; listener: Listener },
): Promise<Measured[]> {
  const entries: { runner: Runner; contestant: Contestant; samples: Sample[] }[] = [];
  const attempt = async (runner: Runner, does: () => Promise<void>): Promise<void> => {
    try {
      await does();
    } catch (error) {
      listener.note(`${nameOf(work)}: ${runner.name} failed: ${(error as Error).message}`);
      const at = entries.findIndex((entry) => entry.runner === runner);
      if (at >= 0) await entries.splice(at, 1)[0].contestant.end();
    }
  };

  for (const runner of runners) {
    listener.progress(`${nameOf(work)}: warming up ${runner.name}`);
    await attempt(runner, async () => {
      entries.push({ runner, contestant: await enter(runner, work, effort, root), samples: [] });
    });
  }
  for (let round = 0; round < effort.rounds; round++) {
    listener.progress(`${nameOf(work)}: round ${round + 1} of ${effort.rounds}`);
    for (const { runner, contestant, samples } of [...entries])
      if (round < contestant.rounds)
        await attempt(runner, async () => void samples.push(await contestant.measure()));
  }
  for (const { contestant } of entries) await contestant.end();
  return entries
    .filter(({ samples }) => samples.length > 0)
    .map(({ runner, samples }) => ({
      ...{ work, runner, values: samples.map(({ value }) => value) },
      ...(samples[0].parts && { parts: medianParts(samples.flatMap(({ parts }) => parts ?? [])) }),
    }));
}

function medianParts(parts: readonly Parts[]): Parts {
  const of = (name: keyof Parts) => median(parts.map((part) => part[name]));
  return { engine: of('engine'), waiting: of('waiting'), drawing: of('drawing') };
}
