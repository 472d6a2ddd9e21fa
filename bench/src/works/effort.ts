import type { Work } from './work.js';

/** How long and how often a run measures. */
export interface Effort {
  /** Rounds of every work. */
  readonly rounds: number;
  /** Milliseconds that the steps of one round should take. */
  readonly roundMs: number;
  /** Milliseconds of steps before the first round: engines compile, caches fill, thread pools start. */
  readonly warmUpMs: number;
  /** Batches of an epoch that are trained in a round; the time is scaled to the whole epoch. */
  readonly epochBatches: number;
  /** Training steps before the peak memory is read. */
  readonly memorySteps: number;
  /** Whether runners are asked that need many seconds for one step. */
  readonly slowRunners: boolean;
}

export const FULL: Effort = {
  rounds: 7,
  roundMs: 1000,
  warmUpMs: 2000,
  epochBatches: 100,
  memorySteps: 200,
  slowRunners: true,
};

export const QUICK: Effort = {
  rounds: 3,
  roundMs: 150,
  warmUpMs: 300,
  epochBatches: 10,
  memorySteps: 10,
  slowRunners: false,
};

/** For the documents' figures: some 25 minutes. */
export const README: Effort = {
  rounds: 5,
  roundMs: 700,
  warmUpMs: 1500,
  epochBatches: 60,
  memorySteps: 200,
  slowRunners: false,
};

/** A runner whose step takes longer is measured once. */
const SLOW_STEP_MS = 5000;

/** Rounds and steps of one runner at one work. */
export interface Measurement {
  readonly rounds: number;
  readonly steps: number;
}

/** Plans the rounds of a runner whose step took `stepMs` in the warm-up. */
export function planRounds({ kind }: Work, effort: Effort, stepMs: number): Measurement {
  if (kind === 'epoch' || kind === 'engine-busy')
    return { rounds: effort.rounds, steps: effort.epochBatches };
  return {
    rounds: stepMs > SLOW_STEP_MS ? 1 : effort.rounds,
    steps: Math.max(1, Math.round(effort.roundMs / stepMs)),
  };
}
