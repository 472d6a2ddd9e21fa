import type { MaybePromise } from '@mnist-kit/core';

/** The bytes of a file, in memory or on a disk, read piece by piece. */
export interface ByteSource {
  /** What messages call it: its path, or what it is for. */
  readonly name: string;
  /** Number of bytes. */
  readonly size: number;
  /**
   * The bytes from `start` to `start + length`, all of which must be there.
   *
   * @throws DataError when they cannot be read.
   */
  read(start: number, length: number): MaybePromise<Uint8Array>;
}

/** Bytes in memory as a source. They are not copied. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return { name, size: bytes.length, read: (start, length) => bytes.subarray(start, start + length) };
}
