import type { Measured } from '../rounds/measure-work.js';
import { median, medianRatio } from '../rounds/statistics.js';
import type { Effort } from '../works/effort.js';
import { nameOf } from '../works/work.js';
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

/** How one runner compares with a reference: above 1 it is faster, or needs less memory. */
export interface Ratio {
  readonly work: string;
  readonly runner: string;
  readonly reference: string;
  /** Median over the rounds of reference / runner. */
  readonly ratio: number;
  /** Whether the reference is the best of the references at this work. */
  readonly best: boolean;
}

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  readonly effort: Effort;
  readonly results: readonly TimeResult[];
  readonly memory: readonly MemoryResult[];
  readonly ratios: readonly Ratio[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export function makeReport(
  machine: Machine,
  effort: Effort,
  measured: readonly Measured[],
  notes: readonly string[],
): Report {
  const times = measured.filter(({ work }) => work.kind !== 'peak-memory');
  const memory = measured.filter(({ work }) => work.kind === 'peak-memory');
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
    ratios: groupByWork(measured).flatMap(ratiosOf),
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
  const references = group.filter(({ runner }) => runner.isReference);
  const least = Math.min(...references.map(({ values }) => median(values)));
  return references.flatMap((reference) =>
    group
      .filter((entry) => entry !== reference)
      .map(({ work, runner, values }) => ({
        work: nameOf(work),
        runner: runner.name,
        reference: reference.runner.name,
        ratio: medianRatio(reference.values, values),
        best: median(reference.values) === least,
      })),
  );
}
