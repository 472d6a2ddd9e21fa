import type { Generator } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import type { LoaderLike, LossLike, OptimizerLike } from './contracts/parts.js';
import type { RunSnapshot } from './contracts/run-snapshot.js';
import type { TrainerOptions } from './options.js';
import type { Resume } from './state/overrides.js';

/** What training needs whatever it is for: a fit, or a sweep of learning rates. */
export type TrainingParts = Omit<FitParts, 'epochs' | 'val' | 'signal' | 'snapshot' | 'resume'>;

/** Everything a fit is made of. */
export interface FitParts {
  readonly trainer: TrainerOptions;
  readonly optimizer: OptimizerLike;
  readonly loss: LossLike;
  readonly executor: Executor;
  readonly generator: Generator;
  readonly train: LoaderLike;
  readonly val: Readonly<Record<string, LoaderLike>>;
  readonly epochs: number;
  readonly signal: AbortSignal | undefined;
  readonly snapshot: RunSnapshot | undefined;
  /** What the user said about going on from it; undefined for a sweep, which is put back. */
  readonly resume: Resume | undefined;
  /** Says something that the user must see. */
  readonly warn: (line: string) => void;
}
