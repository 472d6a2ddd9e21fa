import { EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { awaitRelease } from './life-lock.js';
import { type ToClient, type ToHost, unwrap, wrap } from './messages.js';

/**
 * A worker as the client needs it: a browser's `Worker`, or one of `node:worker_threads`.
 *
 * @example
 * ```ts
 * import { Worker } from 'node:worker_threads';
 * import type { TrainingWorker } from '@mnist-kit/trainer/worker';
 *
 * const start = (file: URL): TrainingWorker => new Worker(file);
 * ```
 */
export type TrainingWorker = {
  /** What may be transferred is another list in Node than in a browser. */
  postMessage(message: unknown, transfer: never[]): void;
  terminate(): unknown;
} & (
  | { addEventListener(type: 'message' | 'messageerror' | 'error', listener: (event: Event) => void): void }
  | { on(event: string, listener: (value: unknown) => void): unknown }
);

/** What becomes of a connection. */
interface ConnectionEvents {
  onMessage(message: ToClient): void;
  /** The worker did not start, or is gone. Called once; not after `close`. */
  onEnd(error: Error): void;
}

/** A message that waits for the worker to be there, as `structuredClone` hands it on. */
interface Waiting {
  readonly message: ToHost;
  readonly transfer: Transferable[];
}

/** The line to one worker, from its start to its end. */
export class Connection {
  readonly #events: ConnectionEvents;
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  #worker: TrainingWorker | undefined;
  #ready = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param start Starts the worker.
   * @param patience Seconds that it may take until the worker has called `hostTraining`.
   */
  constructor(start: () => TrainingWorker, patience: number, events: ConnectionEvents) {
    this.#events = events;
    try {
      const worker = start();
      this.#listen(worker);
      this.#worker = worker;
    } catch (error) {
      // Told later, as everything else that may happen to a worker.
      queueMicrotask(() => this.#end(error instanceof InvalidArgumentError ? error : notStarted(error)));
      return;
    }
    const late = () =>
      this.#end(
        new EngineError(
          `The training worker did not call hostTraining within ${patience} s: is it the right file, and does it load?`,
        ),
      );
    this.#timer = setTimeout(late, patience * 1000);
    this.#worker.postMessage(wrap<ToHost>({ kind: 'hello' }), []);
  }

  /** Sends a message, now or once the worker is there. @throws DataCloneError when it cannot be copied. */
  post(message: ToHost, transfer: readonly Transferable[] = []): void {
    if (this.#ready) this.#worker?.postMessage(wrap(message), [...transfer] as never[]);
    // Copied and moved now, so that the caller may go on with what was sent.
    else
      this.#waiting.push(structuredClone({ message, transfer: [...transfer] }, { transfer: [...transfer] }));
  }

  /** Ends the worker, whatever it does. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#worker?.terminate();
  }

  #listen(worker: TrainingWorker): void {
    const receive = (data: unknown) => {
      const message = unwrap<ToClient>(data);
      if (message?.kind === 'ready') this.#begin(message.lock);
      else if (message !== undefined && !this.#closing.signal.aborted) this.#events.onMessage(message);
    };
    const unreadable = () =>
      this.#end(new EngineError('A message of the training worker could not be read.'));
    if (typeof worker?.postMessage !== 'function' || typeof worker.terminate !== 'function')
      throw notAWorker(worker);
    if ('on' in worker && typeof worker.on === 'function') {
      worker.on('message', receive);
      worker.on('messageerror', unreadable);
      worker.on('error', (error) => this.#end(this.#ready ? died(error) : notStarted(error)));
      worker.on('exit', (code) =>
        this.#end(new EngineError(`The training worker ended by itself, with exit code ${code}.`)),
      );
    } else if ('addEventListener' in worker) {
      worker.addEventListener('message', (event) => receive((event as MessageEvent).data));
      worker.addEventListener('messageerror', unreadable);
      worker.addEventListener('error', (event) => {
        const { error, message } = event as Partial<ErrorEvent>;
        // Later on it is an exception that nobody caught there: the browser shows it, and the worker lives on.
        if (!this.#ready) this.#end(notStarted(error ?? message));
      });
    } else throw notAWorker(worker);
  }

  #begin(lock: string): void {
    if (this.#ready) return;
    this.#ready = true;
    clearTimeout(this.#timer);
    const { signal } = this.#closing;
    awaitRelease(lock, signal, () => this.#end(new EngineError('The training worker is gone.')));
    for (const { message, transfer } of this.#waiting.splice(0))
      this.#worker?.postMessage(wrap(message), transfer as never[]);
  }

  #end(error: Error): void {
    if (this.#closing.signal.aborted) return;
    void this.close();
    this.#events.onEnd(error);
  }
}

const died = (error: unknown) =>
  new EngineError(`The training worker died: ${(error as Error)?.message ?? error}`, { cause: error });

function notStarted(reason: unknown): EngineError {
  const told = reason instanceof Error ? reason.message : reason;
  return new EngineError(
    `The training worker did not start${told ? ` (${told})` : ''}. Its file must be there and be JavaScript. In a ` +
      "browser a Content-Security-Policy must allow it, worker-src 'self', and on a cross-origin isolated page " +
      'it must come with Cross-Origin-Embedder-Policy itself.',
    { cause: reason },
  );
}

const notAWorker = (worker: unknown) =>
  new InvalidArgumentError(
    'start',
    "must return a Worker: () => new Worker(new URL('./training.worker.js', import.meta.url), { type: 'module' })",
    worker,
  );
