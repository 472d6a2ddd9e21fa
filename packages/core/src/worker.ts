import { InvalidArgumentError } from './errors.js';
import { checkOptionNames } from './option-names.js';
import { startInBrowser } from './worker-browser.js';
import type { WorkerHandle } from './worker-handle.js';
import { inNode, parallelismInNode, startInNode } from './worker-node.js';
import type { WorkerScope } from './worker-scope.js';

/**
 * Options of {@link startWorker}.
 *
 * @example
 * ```ts
 * import { startWorker, type StartWorkerOptions, type WorkerScope } from '@mnist-kit/core';
 *
 * // double.worker.js holds `runAsWorker(double)`.
 * const options: StartWorkerOptions = {
 *   file: () => new Worker(new URL('./double.worker.js', import.meta.url), { type: 'module' }),
 * };
 * const double = (scope: WorkerScope) => scope.onMessage((n) => scope.postMessage(2 * (n as number)));
 * const worker = startWorker(double, undefined, options);
 * await worker.terminate();
 * ```
 */
export interface StartWorkerOptions {
  /**
   * Starts a worker from a file that calls `runAsWorker` with the same function, for pages whose Content-Security-Policy
   * forbids `blob:`. Write it as in the example, on one line: so bundlers (Vite, webpack) find the file. A browser
   * takes the source text instead where the file does not load; Node always does.
   */
  file?: () => Worker;
}

/**
 * Starts a function in a worker: a thread of `node:worker_threads` in Node, a `Worker` in a browser.
 *
 * The function travels as its source text, so it must use nothing from outside itself but globals: no
 * imports, no variables of the module around it. Everything else comes through `workerData` or messages.
 * A browser runs it from a blob, which a Content-Security-Policy must allow (`worker-src blob:`), unless `file` says
 * where else it is.
 *
 * @param main The function to run there, a `function` expression or an arrow function.
 * @param workerData Anything that can be cloned; a `SharedArrayBuffer` is shared.
 * @returns A handle that is ready for messages at once. That a worker cannot be started, its error listeners are told,
 * by an EngineError.
 * @throws DataCloneError (a DOMException) when `workerData` cannot be cloned.
 * @throws InvalidArgumentError for options that do not exist.
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
export function startWorker<Data>(
  main: (scope: WorkerScope<Data>) => void,
  workerData: Data,
  options: StartWorkerOptions = {},
): WorkerHandle {
  checkOptionNames<StartWorkerOptions>('startWorker', options, { file: true });
  const { file } = options;
  if (file !== undefined && typeof file !== 'function')
    throw new InvalidArgumentError('file', 'must be a function that starts a Worker', file);
  // A transpiler that keeps function names wraps functions in a helper of this name.
  const source = `const __name = (fn) => fn;\nconst main = (${main.toString()});\n`;
  return inNode() ? startInNode(source, workerData) : startInBrowser(source, workerData, file);
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
