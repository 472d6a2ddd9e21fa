import type { Measured } from '../rounds/measure-work.js';
import { median, medianRatio } from '../rounds/statistics.js';
import type { Tuning } from '../rounds/tune.js';
import type { Peer } from '../runners/runner.js';
import type { Parts } from '../sessions/session.js';
import type { Effort } from '../works/effort.js';
import { nameOf, unitOf } from '../works/work.js';
import type { Machine } from './machine.js';

/** Time of one runner at one work. */
export interface TimeResult {
  readonly work: string;
  readonly runner: string;
  readonly medianMs: number;
  readonly minMs: number;
  /** How many rounds. */
  readonly rounds: number;
  /** The value of each. */
  readonly roundsMs: readonly number[];
}

/** Peak memory of one runner at one work. */
export interface MemoryResult {
  readonly work: string;
  readonly runner: string;
  readonly medianMiB: number;
  readonly minMiB: number;
  readonly rounds: number;
}

/** How much of an epoch's time the engine works. */
export interface ShareResult {
  readonly work: string;
  readonly runner: string;
  readonly medianPercent: number;
  readonly minPercent: number;
  readonly rounds: number;
  /** What a step consists of, in milliseconds. */
  readonly parts: Parts;
}

/** How one runner compares with a reference: above 1 it is faster, or needs less memory. */
export interface Ratio {
  readonly work: string;
  readonly runner: string;
  readonly reference: string;
  /** Median over the rounds of reference / runner. */
  readonly ratio: number;
  /** Whose runner the reference is. */
  readonly peer: Peer;
  /** Whether the reference is the best of its peer's at this work, among those with as many threads. */
  readonly best: boolean;
}

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  readonly effort: Effort;
  readonly results: readonly TimeResult[];
  readonly memory: readonly MemoryResult[];
  readonly shares: readonly ShareResult[];
  readonly ratios: readonly Ratio[];
  /** The settings that PyTorch was the fastest with. */
  readonly tunings: readonly Tuning[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export function makeReport(
  machine: Machine,
  effort: Effort,
  measured: readonly Measured[],
  { tunings, notes }: { tunings: readonly Tuning[]; notes: readonly string[] },
): Report {
  const times = measured.filter(({ work }) => unitOf(work) === 'ms');
  const memory = measured.filter(({ work }) => unitOf(work) === 'MiB');
  const shares = measured.filter(({ work }) => unitOf(work) === '%');
  return {
    machine,
    effort,
    results: times.map(({ work, runner, values }) => ({
      work: nameOf(work),
      runner: runner.name,
      medianMs: median(values),
      minMs: Math.min(...values),
      rounds: values.length,
      roundsMs: values,
    })),
    memory: memory.map(({ work, runner, values }) => ({
      work: nameOf(work),
      runner: runner.name,
      medianMiB: median(values),
      minMiB: Math.min(...values),
      rounds: values.length,
    })),
    shares: shares.map(({ work, runner, values, parts }) => ({
      work: nameOf(work),
      runner: runner.name,
      medianPercent: median(values),
      minPercent: Math.min(...values),
      rounds: values.length,
      parts: parts as Parts,
    })),
    ratios: groupByWork(measured).flatMap(ratiosOf),
    tunings,
    notes,
  };
}

/** What was measured, work by work. */
export function groupByWork(measured: readonly Measured[]): Measured[][] {
  const groups = new Map<string, Measured[]>();
  for (const entry of measured) {
    const name = nameOf(entry.work);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups.values()];
}

/** Every runner of one work against every reference. */
export function ratiosOf(group: readonly Measured[]): Ratio[] {
  return group.flatMap((reference) => {
    const { reference: peer } = reference.runner;
    if (peer === undefined) return [];
    const rivals = group.filter(
      ({ runner }) => runner.reference === peer && runner.threads === reference.runner.threads,
    );
    const best = median(reference.values) === Math.min(...rivals.map(({ values }) => median(values)));
    return group
      .filter((entry) => entry !== reference)
      .map(({ work, runner, values }) => ({
        work: nameOf(work),
        runner: runner.name,
        reference: reference.runner.name,
        ratio: medianRatio(reference.values, values),
        ...{ peer, best },
      }));
  });
}
