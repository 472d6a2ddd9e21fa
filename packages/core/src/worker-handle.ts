/**
 * A running worker, seen from the thread that started it.
 *
 * @example
 * ```ts
 * import { startWorker, type WorkerHandle } from '@mnist-kit/core';
 *
 * const worker: WorkerHandle = startWorker((scope) => scope.postMessage('ready'), undefined);
 * await new Promise((resolve) => worker.onMessage(resolve));
 * await worker.terminate();
 * ```
 */
export interface WorkerHandle {
  /** Sends a message to the worker. */
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  /** Adds a listener for the worker's messages. */
  onMessage(listener: (message: unknown) => void): void;
  /**
   * Adds a listener for the worker's end by an error: an exception it did not catch, or an exit that
   * nobody asked for. An error that came before the listener is given to it at once.
   */
  onError(listener: (error: Error) => void): void;
  /**
   * Whether the worker still runs, as far as can be told at once. It needs no turn of the event loop, so a
   * thread that blocks can ask where `onError` could not be called yet. A browser cannot tell, nor can a
   * runtime without `worker.performance`: there it is true until an error was reported.
   */
  isRunning(): boolean;
  /** Ends the worker. Its messages that are still under way are lost. */
  terminate(): Promise<void>;
  /** Lets the process end although the worker runs. Does nothing in a browser. */
  unref(): void;
  /** Takes `unref` back. */
  ref(): void;
}
