import type { MaybePromise } from '@mnist-kit/core';

/** What the time of a step of an epoch was spent on, in milliseconds. */
export interface Parts {
  /** The executor's step and the optimizer's. */
  readonly engine: number;
  /** Waiting for the loader's next batch, or preparing it where its thread has not begun. */
  readonly waiting: number;
  /** Drawing the next batch's random numbers and handing its pixels to the loader's thread. */
  readonly drawing: number;
}

/** A piece of work made ready: `step` is called over and over and timed from outside. */
export interface Session {
  step(): MaybePromise<void>;
  /** Sums of the steps since the last call, of a session that takes itself apart. */
  parts?(): Parts;
}
