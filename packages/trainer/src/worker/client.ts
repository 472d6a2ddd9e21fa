/// <reference lib="esnext.disposable" preserve="true" />
import { checkOptionNames, EngineError, InvalidArgumentError } from '@mnist-kit/core';
import type {
  CallAnswer,
  CallArguments,
  CallOptions,
  HostCalls,
  HostSettings,
  UntypedHost,
} from './client-types.js';
import { Connection, type TrainingWorker } from './connection.js';
import type { TrainingHost } from './host-options.js';
import type { ToClient } from './messages.js';
import { fromPlainError } from './plain-error.js';
import { TrainingFit } from './training-fit.js';

/**
 * Options of {@link TrainingClient}.
 *
 * @example
 * ```ts
 * import type { TrainingClientOptions } from '@mnist-kit/trainer/worker';
 *
 * const options: TrainingClientOptions = { startTimeout: 10 };
 * ```
 */
export interface TrainingClientOptions {
  /** Seconds that the worker may take to load, until it calls `hostTraining`. Default 60. */
  startTimeout?: number;
}

/** Somebody who waits for an answer. */
interface Caller {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Trains in a worker, so that a page stays at hand while a model learns: the other end of {@link hostTraining}. Works in
 * browsers and with workers of `node:worker_threads`.
 *
 * The worker is started at once, to be ready when it is needed, and anew by the next `fit` or `call` when it died. It
 * keeps running until `terminate`.
 *
 * @typeParam Host `typeof host` of the worker's program, for the types of settings and calls.
 *
 * @throws InvalidArgumentError for options that cannot work.
 *
 * @example
 * ```ts
 * import { TrainingClient, type TrainingHost } from '@mnist-kit/trainer/worker';
 *
 * // The worker's program exports it: `export type Host = typeof host`.
 * type Host = TrainingHost<{ epochs: number }, { predict: (pixels: Float32Array) => Float32Array }>;
 *
 * const client = new TrainingClient<Host>(
 *   () => new Worker(new URL('./training.worker.js', import.meta.url), { type: 'module' }),
 * );
 * const fit = client.fit({ epochs: 3 });
 * for await (const event of fit) {
 *   if (event.type === 'step') console.log(event.step, event.merged.loss);
 *   if (event.type === 'epoch') console.log(await client.call('predict', new Float32Array(784)));
 * }
 * console.log((await fit.result).epochs.at(-1)?.trainAccuracy);
 * await client.terminate();
 * ```
 */
export class TrainingClient<
  Host extends TrainingHost<unknown, Readonly<Record<string, (...all: never) => unknown>>> = UntypedHost,
> {
  readonly #start: () => TrainingWorker;
  readonly #patience: number;
  readonly #callers = new Map<number, Caller>();
  #connection: Connection | undefined;
  #fit: TrainingFit | undefined;
  #fits = 0;
  #calls = 0;
  #terminated = false;

  /**
   * @param start Starts the worker. Write `new Worker(new URL(…, import.meta.url), { type: 'module' })` inside, where
   * bundlers find the worker's file.
   */
  constructor(start: () => TrainingWorker, options: TrainingClientOptions = {}) {
    checkOptionNames<TrainingClientOptions>('TrainingClient', options, { startTimeout: true });
    const { startTimeout = 60 } = options;
    if (typeof start !== 'function')
      throw new InvalidArgumentError('start', 'must be a function that starts the worker', start);
    if (!(typeof startTimeout === 'number' && startTimeout > 0))
      throw new InvalidArgumentError('startTimeout', 'must be a number of seconds above 0', startTimeout);
    this.#start = start;
    this.#patience = startTimeout;
    this.#connection = this.#connect();
  }

  /**
   * Starts a fit with the parts that the worker's `prepare` makes of `settings`.
   *
   * @param settings Plain data; a copy goes to the worker.
   * @returns The fit, whose events can be read and which can be paused and aborted.
   * @throws InvalidArgumentError while another fit is running, for settings that cannot be copied, and after `terminate`.
   */
  fit(settings: HostSettings<Host>): TrainingFit {
    if (this.#fit?.running)
      throw new InvalidArgumentError(
        'fit',
        'must not be called while another fit of this client is running: await its `result`',
        'fit',
      );
    const connection = this.#open();
    const number = ++this.#fits;
    copying('settings', settings, () => connection.post({ kind: 'fit', fit: number, settings }));
    const fit = new TrainingFit({
      pause: () => connection.post({ kind: 'pause', fit: number }),
      resume: () => connection.post({ kind: 'resume', fit: number }),
      abort: (reason) => connection.post({ kind: 'abort', fit: number, reason }),
      more: () => connection.post({ kind: 'more', fit: number }),
    });
    this.#fit = fit;
    return fit;
  }

  /**
   * Calls one of the worker's `calls`: answered between two steps of the fit that runs, or of the last one.
   *
   * @param name Its name there.
   * @param rest Its argument, of which a copy goes to the worker, and {@link CallOptions}.
   * @returns A copy of what it returned. Rejected with what it threw, with an InvalidArgumentError for a name that
   * the host does not have and before there is a fit, or with an EngineError when the worker ended.
   * @throws InvalidArgumentError for an argument that cannot be copied, and after `terminate`.
   */
  call<Name extends keyof HostCalls<Host> & string>(
    name: Name,
    ...rest: CallArguments<HostCalls<Host>[Name]>
  ): Promise<CallAnswer<HostCalls<Host>[Name]>> {
    const [argument, options] = rest as [argument?: unknown, options?: CallOptions];
    checkOptionNames<CallOptions>('call', options, { transfer: true });
    const connection = this.#open();
    const call = ++this.#calls;
    copying('argument', argument, () =>
      connection.post({ kind: 'call', call, name, argument }, options?.transfer),
    );
    return new Promise((resolve, reject) => {
      this.#callers.set(call, { resolve: resolve as Caller['resolve'], reject });
    });
  }

  /**
   * Ends the worker at once: what is half done is lost, but for what ModelCheckpoint has saved. A fit that runs and calls
   * that wait are rejected with an EngineError. The client is of no use afterwards.
   */
  async terminate(): Promise<void> {
    this.#terminated = true;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#fail(new EngineError('The training worker was terminated.'), true);
    await connection?.close();
  }

  /** `terminate`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.terminate();
  }

  #open(): Connection {
    if (this.#terminated)
      throw new InvalidArgumentError(
        'client',
        'must not be used after `terminate`',
        'a terminated TrainingClient',
      );
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Connection {
    return new Connection(this.#start, this.#patience, {
      onMessage: (message) => this.#receive(message),
      onEnd: (error) => {
        this.#connection = undefined;
        this.#fail(error);
      },
    });
  }

  #receive(message: ToClient): void {
    if (message.kind === 'events') {
      if (message.fit === this.#fits) this.#fit?.receive(message.events);
    } else if (message.kind === 'answer') this.#take(message.call)?.resolve(message.value);
    else if (message.kind === 'refusal') this.#take(message.call)?.reject(fromPlainError(message.error));
  }

  #take(call: number): Caller | undefined {
    const caller = this.#callers.get(call);
    this.#callers.delete(call);
    return caller;
  }

  /** @param asked Whether the caller wanted it so, and knows. */
  #fail(error: Error, asked = false): void {
    this.#fit?.fail(error, asked);
    for (const { reject } of this.#callers.values()) reject(error);
    this.#callers.clear();
  }
}

/** @throws InvalidArgumentError for something that cannot be copied. */
function copying(name: string, value: unknown, post: () => void): void {
  try {
    post();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
    throw new InvalidArgumentError(
      name,
      `must be plain data, of which the worker gets a copy (${error.message})`,
      value,
    );
  }
}
