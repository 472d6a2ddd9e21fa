import { join } from 'node:path';
import { Draw } from './draw.js';
import type { Place } from './results.js';

/** A training: options of children/train.mjs. */
export interface Configuration {
  readonly engine: 'plan' | 'eager';
  readonly threads: number;
  readonly epochs: number;
  readonly loader: 'threads' | 'plain' | 'own' | 'ownWithState';
  readonly optimizer: 'adam' | 'adamw' | 'sgd';
  readonly scheduler: 'plateau' | 'cosine' | 'oneCycle' | 'none';
  readonly mixes: boolean;
  readonly averages: 'ema' | 'swa' | 'none';
  readonly stopping: 'restoreBest' | 'patience' | 'none';
  readonly accumulateGradBatches: number;
  readonly valEvery: number;
  readonly everyNSteps: number;
  readonly checkpoints: {
    readonly everyNEpochs: number;
    readonly everyNMinutes: number;
    readonly keepStates: number;
    readonly saveTopK: number;
  };
  /** Whether the process ends without `dispose`. */
  readonly exitAfterFit: boolean;
}

/** How many there are. */
export const CONFIGURATIONS = 40;

/** The configuration of a number below {@link CONFIGURATIONS}, always the same. */
export function configuration(index: number): Configuration {
  const draw = new Draw(10_000 + index);
  return {
    engine: draw.chance(0.7) ? 'plan' : 'eager',
    threads: draw.integer(1, 3),
    epochs: draw.integer(2, 4),
    loader: draw.pick(['threads', 'threads', 'plain', 'own', 'ownWithState']),
    optimizer: draw.pick(['adam', 'adamw', 'sgd']),
    scheduler: draw.pick(['plateau', 'cosine', 'oneCycle', 'none']),
    mixes: draw.chance(0.6),
    averages: draw.pick(['ema', 'swa', 'none']),
    stopping: draw.pick(['restoreBest', 'patience', 'none']),
    accumulateGradBatches: draw.integer(1, 2),
    valEvery: draw.pick([1, 0.5]),
    everyNSteps: draw.pick([0, 1, 2, 3]),
    checkpoints: {
      everyNEpochs: draw.pick([1, 1, 2]),
      // A tenth of a second: states at moments that no seed decides.
      everyNMinutes: draw.pick([0, 0, 0.1 / 60]),
      keepStates: draw.integer(1, 3),
      saveTopK: draw.pick([0, 0, 2]),
    },
    exitAfterFit: draw.chance(0.3),
  };
}

/** Options of children/train.mjs. */
export function optionsOf(configuration: Configuration, { run, out }: Place, resume?: 'auto'): object {
  return { ...configuration, dir: run, logs: join(run, 'logs'), out, resume };
}
