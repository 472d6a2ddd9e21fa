import type { Outcome } from './target.js';

/** What the parent asks of a child. */
export interface Request {
  readonly inputs: readonly Uint8Array[];
  /** Whether to find out which of them reach new code. */
  readonly guided: boolean;
}

/** What a child says when it has begun. */
export interface Hello {
  readonly seeds: readonly Uint8Array[];
}

/** What a child found out. */
export interface Reply {
  readonly outcomes: readonly Outcome[];
  /** Places in `inputs` of those that reached new code. */
  readonly fresh: readonly number[];
  /** Ranges of code that were reached so far. */
  readonly reached: number;
}
