/**
 * What a worker's main function is given.
 *
 * @example
 * ```ts
 * import { startWorker, type WorkerScope } from '@mnist-kit/core';
 *
 * const double = (scope: WorkerScope) => scope.onMessage((n) => scope.postMessage(2 * (n as number)));
 * const worker = startWorker(double, undefined);
 * await worker.terminate();
 * ```
 */
export interface WorkerScope<Data = unknown> {
  /** What `startWorker` was given, cloned; shared buffers stay shared. */
  readonly workerData: Data;
  /** Sends a message to the thread that started this one. */
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  /** Takes messages from there; one listener, and messages that came before it are kept for it. */
  onMessage(listener: (message: unknown) => void): void;
}

/** The first message to a worker in a browser, which hands no data to a new one. */
export interface FirstMessage<Data = unknown> {
  readonly workerData: Data;
  /** What the worker answers before anything else, so that others know that it is there. */
  readonly started: string;
}

/** The global scope of a worker in a browser; TypeScript's own types are those of pages. */
interface BrowserWorkerScope {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
}

/**
 * Runs a main function in a worker of a browser that `startWorker` starts from a file: all that such a file holds
 * is this call. See the option `file` of `startWorker`.
 *
 * It must be called before the file's first `await`, or the data that is sent to the worker is lost.
 *
 * @param main The function that `startWorker` is given as well.
 *
 * @example
 * ```ts
 * // double.worker.ts
 * import { runAsWorker, type WorkerScope } from '@mnist-kit/core';
 *
 * const double = (scope: WorkerScope) => scope.onMessage((n) => scope.postMessage(2 * (n as number)));
 * runAsWorker(double);
 * ```
 */
export function runAsWorker<Data>(main: (scope: WorkerScope<Data>) => void): void {
  // Travels as source text to workers that have no file, so it uses nothing from outside itself.
  const worker = globalThis as unknown as BrowserWorkerScope;
  const kept: unknown[] = [];
  let listener: ((message: unknown) => void) | undefined;
  worker.onmessage = (first) => {
    const { workerData, started } = first.data as FirstMessage<Data>;
    worker.onmessage = ({ data }) => {
      if (listener) listener(data);
      else kept.push(data);
    };
    worker.postMessage(started, []);
    main({
      workerData,
      postMessage: (message, transfer) => worker.postMessage(message, transfer ?? []),
      onMessage: (next) => {
        listener = next;
        for (const message of kept.splice(0)) next(message);
      },
    });
  };
}
