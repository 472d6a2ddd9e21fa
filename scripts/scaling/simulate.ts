import type { Phase } from './phases.js';

/** What a step takes on some threads, in milliseconds. */
export interface Forecast {
  readonly threads: number;
  readonly step: number;
  /** Time in which one thread works and the others wait. */
  readonly alone: number;
  /** Time that the mean thread waits at barriers for the slowest one. */
  readonly waiting: number;
  readonly barriers: number;
}

/** Milliseconds of a barrier while its threads spin, without what they wait for each other. */
const BARRIER = 0.0005;

/**
 * Lets `threads` threads share out the items of each phase as the plan does, whoever is free taking the next, and meet
 * before what one does alone. Memory and caches that threads share, and clocks that fall when all cores work, are not in it.
 */
export function simulate(phases: readonly Phase[], threads: number): Forecast {
  let step = 0;
  let waiting = 0;
  for (const { items } of phases) {
    const free = new Array<number>(threads).fill(0);
    for (const item of items) {
      const first = free.indexOf(Math.min(...free));
      free[first] += item;
    }
    const slowest = Math.max(...free);
    step += slowest;
    waiting += slowest - free.reduce((sum, time) => sum + time, 0) / threads;
  }
  const alone = phases.reduce((sum, phase) => sum + phase.alone, 0);
  const barriers = threads === 1 ? 0 : phases.length * BARRIER;
  return { threads, step: step + alone + barriers, alone, waiting, barriers };
}
