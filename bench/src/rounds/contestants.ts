import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../runners/child.js';
import { MemoryWatch } from '../runners/memory.js';
import type { Runner } from '../runners/runner.js';
import type { Parts } from '../sessions/session.js';
import { type Effort, planRounds } from '../works/effort.js';
import { epochBatches, type Work } from '../works/work.js';

/** What one round brought. */
export interface Sample {
  /** Milliseconds, MiB for peak memory, percent for how busy the engine is. */
  readonly value: number;
  /** Milliseconds a step of what it consists of, where the session tells. */
  readonly parts?: Parts;
}

/** A runner at one work, round by round. */
export interface Contestant {
  /** Rounds it takes part in. */
  readonly rounds: number;
  measure(): Promise<Sample>;
  end(): Promise<void>;
}

/** Most steps of a warm-up, for runners whose steps take no time at all. */
const MOST_STEPS = 10_000;

/** Makes a runner ready for a work. */
export function enter(runner: Runner, work: Work, effort: Effort, root: string): Promise<Contestant> {
  const start = () => Child.start(runner.command(work, root));
  if (work.kind === 'time-to-first-step') return Promise.resolve(starts(start, effort.rounds));
  if (work.kind === 'peak-memory') return Promise.resolve(peaks(start, effort));
  return steps(start(), work, effort);
}

/** From the start of a process to the end of its first step. */
function starts(start: () => Child, rounds: number): Contestant {
  return {
    rounds,
    measure: async () => {
      const from = performance.now();
      const child = start();
      await child.answer();
      const ms = performance.now() - from;
      await child.end();
      return { value: ms };
    },
    end: async () => {},
  };
}

/** The memory of a training run. It hardly varies, so a few rounds do. */
function peaks(start: () => Child, effort: Effort): Contestant {
  return {
    rounds: Math.min(3, effort.rounds),
    measure: async () => {
      const child = start();
      const watch = new MemoryWatch(child.pid);
      let peak = 0;
      try {
        await child.answer();
        await child.ask({ steps: effort.memorySteps });
      } finally {
        peak = await watch.stop();
        await child.end();
      }
      return { value: peak };
    },
    end: async () => {},
  };
}

/** Steps in a process that lives from the warm-up to the last round. */
async function steps(child: Child, work: Work, effort: Effort): Promise<Contestant> {
  await child.answer();
  const ask = (count: number) => child.ask<{ ms: number; parts?: Parts }>({ steps: count });
  const run = async (count: number) => (await ask(count)).ms;
  const plan = planRounds(work, effort, await warmUp(run, effort.warmUpMs));
  const scale = work.kind === 'epoch' ? epochBatches(work) : 1;
  return {
    rounds: plan.rounds,
    measure: async () => {
      // Thread pools of the runner before may still be spinning.
      await sleep(20);
      const { ms, parts } = await ask(plan.steps);
      if (work.kind === 'engine-busy' && parts) return { value: (100 * parts.engine) / ms, parts };
      return { value: scale * ms };
    },
    end: () => child.end(),
  };
}

/** Runs steps for about `ms` milliseconds; the time of one at the end. */
async function warmUp(run: (steps: number) => Promise<number>, ms: number): Promise<number> {
  const from = performance.now();
  let stepMs = await run(1);
  while (performance.now() - from < ms) {
    const left = ms - (performance.now() - from);
    stepMs = await run(Math.min(MOST_STEPS, Math.max(1, Math.round(left / 2 / stepMs))));
  }
  return stepMs;
}
