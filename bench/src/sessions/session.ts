import type { MaybePromise } from '@mnist-kit/core';

/** A piece of work made ready: `step` is called over and over and timed from outside. */
export interface Session {
  step(): MaybePromise<void>;
}
