import { EngineError } from './errors.js';
import type { WorkerHandle } from './worker-handle.js';
import { inNode, parallelismInNode, startInNode } from './worker-node.js';

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

/**
 * Starts a function in a worker: a thread of `node:worker_threads` in Node, a `Worker` in a browser.
 *
 * The function travels as its source text, so it must use nothing from outside itself but globals: no
 * imports, no variables of the module around it. Everything else comes through `workerData` or messages.
 *
 * @param main The function to run there, a `function` expression or an arrow function.
 * @param workerData Anything that can be cloned; a `SharedArrayBuffer` is shared.
 * @returns A handle that is ready for messages at once.
 * @throws DataCloneError (a DOMException) when `workerData` cannot be cloned.
 *
 * @example
 * ```ts
 * import { startWorker } from '@mnist-kit/core';
 *
 * const worker = startWorker(
 *   (scope) => scope.onMessage((n) => scope.postMessage((n as number) * scope.workerData.factor)),
 *   { factor: 2 },
 * );
 * worker.onError((error) => console.error(error));
 * worker.onMessage((answer) => {
 *   console.log(answer); // 42
 *   void worker.terminate();
 * });
 * worker.postMessage(21);
 * ```
 */
export function startWorker<Data>(main: (scope: WorkerScope<Data>) => void, workerData: Data): WorkerHandle {
  // A transpiler that keeps function names wraps functions in a helper of this name.
  const source = `const __name = (fn) => fn;\nconst main = (${main.toString()});\n`;
  return inNode() ? startInNode(source, workerData) : startInBrowser(source, workerData);
}

/**
 * How many threads this machine runs at once: the number of cores this process may use, at least 1.
 *
 * @example
 * ```ts
 * import { availableParallelism } from '@mnist-kit/core';
 *
 * const threads = Math.min(8, availableParallelism());
 * ```
 */
export function availableParallelism(): number {
  if (inNode()) return parallelismInNode();
  return typeof navigator === 'undefined' ? 1 : Math.max(1, navigator.hardwareConcurrency || 1);
}

// A browser hands no data to a new worker, so that comes as the first message.
const browserPrologue = `
const kept = [];
let listener;
self.onmessage = (first) => {
  self.onmessage = ({ data }) => (listener ? listener(data) : kept.push(data));
  main({
    workerData: first.data,
    postMessage: (message, transfer) => self.postMessage(message, transfer ?? []),
    onMessage: (next) => {
      listener = next;
      for (const message of kept.splice(0)) listener(message);
    },
  });
};
`;

function startInBrowser(source: string, workerData: unknown): WorkerHandle {
  const url = URL.createObjectURL(new Blob([source, browserPrologue], { type: 'text/javascript' }));
  const worker = new Worker(url);
  let ended = false;
  let failure: Error | undefined;
  const listeners: ((error: Error) => void)[] = [];
  worker.addEventListener('error', (event) => {
    failure = event.error instanceof Error ? event.error : new EngineError(event.message);
    for (const listener of listeners) listener(failure);
  });
  worker.postMessage(workerData);
  return {
    postMessage: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
    onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
    onError: (listener) => {
      listeners.push(listener);
      if (failure !== undefined) listener(failure);
    },
    isRunning: () => !ended && failure === undefined,
    terminate: async () => {
      ended = true;
      worker.terminate();
      URL.revokeObjectURL(url);
    },
    unref: () => {},
    ref: () => {},
  };
}
