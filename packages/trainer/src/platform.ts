import type { MaybePromise } from '@mnist-kit/core';
import type { CheckpointStorage } from './storage/checkpoint-storage.js';

/** A bar that shows how far an epoch is; what of `cli-progress` is used. */
export interface Bar {
  start(total: number, value: number, payload: object): void;
  update(value: number, payload: object): void;
  stop(): void;
}

/** What is done otherwise in Node than in a browser. package.json's `imports` says where which of the two is taken. */
export interface Platform {
  readonly storage: CheckpointStorage;
  readonly paths: {
    join(...parts: string[]): string;
    /** The folder that something is in. */
    dirname(path: string): string;
    /** The last name of a path. */
    basename(path: string): string;
    /** `.json` for `state.json`. */
    extname(path: string): string;
  };
  /** SHA-256 of bytes, in hexadecimal digits. */
  sha256(bytes: Uint8Array): MaybePromise<string>;
  /** Name and version of what programs run in. */
  readonly runtime: Readonly<Record<string, string>>;
  /**
   * Calls `onSignal` with the name of a signal that ends processes.
   *
   * @returns A function that stops listening.
   */
  listenForSignals(onSignal: (name: string) => void): () => void;
  /**
   * A bar for `ProgressBar`.
   *
   * @param wanted Whether the user asked for one, or for none.
   * @throws InvalidArgumentError where one is asked for that cannot be had.
   */
  progressBar(wanted: boolean | undefined): Promise<Bar | undefined>;
}
