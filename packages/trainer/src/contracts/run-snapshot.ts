import type { GeneratorState, Settings, TensorDict } from '@mnist-kit/core';
import type { HistoryRecords } from '../history.js';

/**
 * What a fit was made of and set to, as plain values by name: kept in its checkpoints.
 *
 * @example
 * ```ts
 * import type { Configuration } from '@mnist-kit/trainer';
 *
 * const configuration: Configuration = { lr: 1e-3, optimizer: 'Adam', nesterov: false };
 * ```
 */
export type Configuration = Readonly<Record<string, string | number | boolean>>;

/**
 * A stop that a resumed fit does not forget.
 *
 * @example
 * ```ts
 * import type { FinalStop } from '@mnist-kit/trainer';
 *
 * const stop: FinalStop = { reason: 'valAccuracy reached 0.994', now: false };
 * ```
 */
export interface FinalStop {
  readonly reason: string;
  readonly now: boolean;
}

/**
 * Everything that a fit depends on from one step to the next: what a checkpoint holds.
 *
 * Plain data and typed arrays only. The fields are for reading; they change with the format's version.
 *
 * @example
 * ```ts
 * import type { Callback, RunSnapshot } from '@mnist-kit/trainer';
 *
 * let last: RunSnapshot | undefined;
 * const keepLast: Callback = {
 *   name: 'keepLast',
 *   async onSafePoint(run) {
 *     last = await run.snapshot(); // later: fit(train, { resume: last })
 *   },
 * };
 * ```
 */
export interface RunSnapshot {
  /** Where the fit stands. */
  readonly position: {
    readonly epoch: number;
    /** Batches trained in this epoch. */
    readonly batch: number;
    /** Batch of this epoch after which validation ran last; 0 for none. */
    readonly validatedAt: number;
    readonly step: number;
    readonly lr: number;
    /** Learning rate of each parameter group in the last step. */
    readonly lrs: readonly number[];
    /** What a callback ended the fit for, if it did and a resumed fit must not forget it. */
    readonly stop?: FinalStop;
    /** True between epochs: validation, scheduler and record of `epoch` are done. */
    readonly epochFinished: boolean;
    /** Seconds spent in this epoch so far, all in all and in training. */
    readonly seconds: number;
    readonly trainSeconds: number;
  };
  /** Sums of the epoch so far. */
  readonly meter: { readonly lossSum: number; readonly hits: number; readonly count: number };
  readonly history: HistoryRecords;
  /** Every weight by TensorFlow.js name. */
  readonly weights: TensorDict;
  readonly optimizer: unknown;
  readonly scheduler?: unknown;
  readonly mixup?: unknown;
  /** State of each callback that has one, by name. */
  readonly callbacks: Readonly<Record<string, unknown>>;
  /** Random generators by what they are for: `trainer`, `train`, `val`. */
  readonly generators: GeneratorStates;
  /** Position of the training loader inside the epoch. */
  readonly loader: LoaderPosition;
  /** What the fit was made of and set to. */
  readonly configuration: Configuration;
  /**
   * How every part was set when the fit began: what a fit that resumes is compared with. Undefined in checkpoints of
   * before there was any.
   */
  readonly settings?: Settings;
}

/**
 * How to find the next batch again.
 *
 * @example
 * ```ts
 * import type { LoaderPosition } from '@mnist-kit/trainer';
 *
 * const position: LoaderPosition = { kind: 'epochStart' };
 * ```
 */
export type LoaderPosition =
  | { readonly kind: 'epochStart' }
  /** What the loader's own `state` gave. */
  | { readonly kind: 'state'; readonly state: unknown }
  /**
   * For loaders without `state`: the generators before the epoch, from which it is iterated again, and before
   * the next batch was drawn, from which it goes on.
   */
  | { readonly kind: 'replay'; readonly epoch: GeneratorStates; readonly next: GeneratorStates };

/** Random generators by what they are for. */
export type GeneratorStates = Readonly<Record<string, GeneratorState>>;
