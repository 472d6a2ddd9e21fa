/** The part of a stream that is written to. */
export interface QuietTarget {
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: () => void): unknown;
  off(event: 'error', listener: () => void): unknown;
}

/**
 * Writes to stdout or stderr, as `console.log` does: where the stream is closed or full, what was written is lost and
 * the process goes on. Who listens for the stream's errors hears of them; nothing stays installed.
 *
 * @param stream `process.stdout` or `process.stderr`.
 * @param chunk What to write.
 *
 * @example
 * ```ts
 * import { writeQuietly } from '@mnist-kit/core/node';
 *
 * writeQuietly(process.stdout, 'epoch 1 of 20\n');
 * ```
 */
export function writeQuietly(stream: QuietTarget, chunk: string | Uint8Array): void {
  stream.write(chunk, (error) => {
    if (!error) return;
    // The event comes after this call, and without a listener ends the process.
    const ignore = () => {};
    stream.on('error', ignore);
    setImmediate(() => stream.off('error', ignore));
  });
}
