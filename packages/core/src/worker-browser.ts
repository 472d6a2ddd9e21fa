import { EngineError } from './errors.js';
import type { WorkerHandle } from './worker-handle.js';
import { type FirstMessage, runAsWorker } from './worker-scope.js';

/** What a worker answers to its first message. */
const STARTED = 'mnist-kit: worker started';

/** A way to start a worker. */
interface Way {
  /** For people: where the worker's code comes from. */
  readonly from: string;
  readonly kind: 'file' | 'blob';
  start(): Worker;
  /** Called when the worker's code was loaded, or was not. */
  over?(): void;
}

/** Set when files of workers did not load here and blobs did: the next ones need not try. */
let filesAreMissing = false;

/**
 * Starts a worker in a browser: from its file where there is one, which any Content-Security-Policy allows that allows
 * the page's own scripts, else from a blob of its source, which needs no file.
 *
 * @param source Must define `main`.
 */
export function startInBrowser(source: string, workerData: unknown, file?: () => Worker): WorkerHandle {
  const blob = fromBlob(source);
  if (file === undefined) return new BrowserWorker([blob], workerData);
  const own: Way = { from: 'its file', kind: 'file', start: file };
  return new BrowserWorker(filesAreMissing ? [blob, own] : [own, blob], workerData);
}

function fromBlob(source: string): Way {
  let url = '';
  return {
    from: 'a blob',
    kind: 'blob',
    start() {
      const code = [source, `(${runAsWorker.toString()})(main);\n`];
      url = URL.createObjectURL(new Blob(code, { type: 'text/javascript' }));
      return new Worker(url);
    },
    over: () => URL.revokeObjectURL(url),
  };
}

/** A worker that is started in one way after the other until one loads. */
class BrowserWorker implements WorkerHandle {
  readonly #first: FirstMessage;
  readonly #ways: Way[];
  /** Those that did not load, in words. */
  readonly #refused: string[] = [];
  /** Messages for a worker of which is not known yet whether it loads, as `structuredClone` hands them on. */
  readonly #waiting: { message: unknown; transfer: Transferable[] }[] = [];
  readonly #messageListeners: ((message: unknown) => void)[] = [];
  readonly #errorListeners: ((error: Error) => void)[] = [];
  #worker: Worker | undefined;
  #started = false;
  #ended = false;
  #failure: Error | undefined;

  /** @throws DataCloneError when `workerData` cannot be cloned. */
  constructor(ways: readonly Way[], workerData: unknown) {
    this.#first = { workerData, started: STARTED };
    this.#ways = [...ways];
    this.#startNext();
  }

  postMessage(message: unknown, transfer: readonly Transferable[] = []): void {
    if (this.#started) this.#worker?.postMessage(message, [...transfer]);
    // Cloned and moved now, so that the sender may go on with what it sent.
    else
      this.#waiting.push(structuredClone({ message, transfer: [...transfer] }, { transfer: [...transfer] }));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#messageListeners.push(listener);
  }

  onError(listener: (error: Error) => void): void {
    this.#errorListeners.push(listener);
    if (this.#failure !== undefined) listener(this.#failure);
  }

  isRunning(): boolean {
    return !this.#ended && this.#failure === undefined;
  }

  async terminate(): Promise<void> {
    this.#ended = true;
    this.#worker?.terminate();
  }

  unref(): void {}

  ref(): void {}

  #startNext(): void {
    const way = this.#ways.shift();
    if (way === undefined) {
      this.#fail(cannotStart(this.#refused));
      return;
    }
    let worker: Worker;
    try {
      worker = way.start();
    } catch (error) {
      // Some browsers throw where a policy forbids a worker, others tell it later.
      this.#goOnAfter(way, String((error as Error)?.message ?? error));
      return;
    }
    this.#worker = worker;
    worker.addEventListener('message', ({ data }) => {
      if (!this.#started && data === STARTED) this.#begin(way);
      else for (const listener of this.#messageListeners) listener(data);
    });
    worker.addEventListener('error', (event) => {
      if (worker !== this.#worker) return;
      const { message, error } = event as Partial<ErrorEvent>;
      // Of a file that is missing, or is something else, nothing more is told. What the last one says is final.
      const loading = !this.#started && (!message || this.#ways.length > 0);
      if (loading) this.#goOnAfter(way, message);
      else this.#fail(error instanceof Error ? error : new EngineError(message || 'A worker ended.'));
    });
    worker.addEventListener('messageerror', () =>
      this.#fail(new EngineError('A message of a worker could not be read.')),
    );
    try {
      worker.postMessage(this.#first);
    } catch (error) {
      worker.terminate();
      way.over?.();
      throw error;
    }
  }

  #begin(way: Way): void {
    this.#started = true;
    way.over?.();
    if (way.kind === 'blob' && this.#refused.length > 0) filesAreMissing = true;
    for (const { message, transfer } of this.#waiting.splice(0)) this.#worker?.postMessage(message, transfer);
  }

  #goOnAfter(way: Way, reason: string | undefined): void {
    way.over?.();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#refused.push(`from ${way.from}${reason ? `: ${reason}` : ''}`);
    if (!this.#ended) this.#startNext();
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#failure ??= error;
    for (const listener of this.#errorListeners) listener(error);
  }
}

function cannotStart(refused: readonly string[]): EngineError {
  return new EngineError(
    `A worker could not be started ${refused.join(', nor ')}. A Content-Security-Policy must allow ` +
      "one of them: worker-src 'self' for files beside the page's scripts, worker-src blob: for blobs.",
  );
}
