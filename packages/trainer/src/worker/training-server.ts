import { closestName, InvalidArgumentError } from '@mnist-kit/core';
import type { HistoryRecords } from '../history.js';
import { FitSession } from './fit-session.js';
import type { CallTable, HostOptions } from './host-options.js';
import { checkPrepared, giveBack, type HostedFit, type PreparedFit } from './hosted.js';
import { holdLock } from './life-lock.js';
import type { SentEvent, ToHost } from './messages.js';
import { toPlainError } from './plain-error.js';
import { type HostPort, openPort } from './port.js';

/** The worker's side: one fit after the other, and calls between their steps. */
export class TrainingServer {
  readonly #options: HostOptions;
  #port: HostPort | undefined;
  #lock: string | undefined;
  #session: FitSession | undefined;
  #number = 0;
  /** What the last fit held; kept until the next one is prepared. */
  #held: PreparedFit | undefined;
  /** The fit that calls are for; none while one is being prepared. */
  #fit: HostedFit | undefined;
  #calls: Extract<ToHost, { kind: 'call' }>[] = [];
  #serving: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  open(): void {
    this.#port = openPort((message) => this.#receive(message));
    void holdLock().then((lock) => {
      this.#lock = lock;
      this.#port?.post({ kind: 'ready', lock });
    });
  }

  #receive(message: ToHost): void {
    switch (message.kind) {
      case 'hello':
        // Before the lock is held there is nothing to tell, and afterwards it may have been told to nobody.
        if (this.#lock !== undefined) this.#port?.post({ kind: 'ready', lock: this.#lock });
        break;
      case 'fit':
        void this.#run(message.fit, message.settings);
        break;
      case 'call':
        this.#calls.push(message);
        if (this.#session !== undefined) this.#session.wake();
        else void this.#serve();
        break;
      default:
        // A fit that has ended meanwhile has nothing left to stop.
        if (message.fit === this.#number) this.#direct(message);
    }
  }

  #direct(message: Extract<ToHost, { kind: 'pause' | 'resume' | 'abort' | 'more' }>): void {
    const session = this.#session;
    if (message.kind === 'abort') session?.abort(message.reason);
    else session?.[message.kind]();
  }

  async #run(number: number, settings: unknown): Promise<void> {
    const post = (events: readonly SentEvent[]) => this.#port?.post({ kind: 'events', fit: number, events });
    if (this.#session !== undefined) {
      const error = new InvalidArgumentError('fit', 'must not be called while another fit is running', 'fit');
      post([{ type: 'error', error: toPlainError(error) }]);
      return;
    }
    const session = new FitSession({
      post,
      hasCalls: () => this.#calls.length > 0,
      serve: () => this.#serve(),
    });
    this.#session = session;
    this.#number = number;
    try {
      const history = await this.#train(session, settings);
      session.end({ type: 'end', history });
    } catch (error) {
      session.end({ type: 'error', error: toPlainError(error) });
    } finally {
      this.#session = undefined;
      void this.#serve();
    }
  }

  async #train(session: FitSession, settings: unknown): Promise<HistoryRecords> {
    this.#fit = undefined;
    const prepared = await this.#prepare(session, settings);
    if (prepared === undefined) return interruptedBefore(session.signal);
    const { trainer, train, options = {} } = prepared;
    this.#fit = {
      ...prepared,
      ...{ settings, own: prepared.own },
      get run() {
        return session.run;
      },
      predict: (input) => trainer.predict(input),
    };
    const signal = either(session.signal, options.signal);
    const callbacks = [...(options.callbacks ?? []), session];
    return (await trainer.fit(train, { ...options, signal, callbacks })).toJSON();
  }

  /** The parts of the next fit; undefined when it was aborted meanwhile. */
  async #prepare(session: FitSession, settings: unknown): Promise<PreparedFit | undefined> {
    let prepared: PreparedFit;
    try {
      prepared = await this.#options.prepare(settings, session.context);
    } catch (error) {
      // What waits for a signal ends by an error when it aborts.
      if (session.signal.aborted) return undefined;
      throw error;
    }
    checkPrepared(prepared);
    if (this.#held !== undefined) await giveBack(this.#held, prepared);
    this.#held = prepared;
    return prepared;
  }

  /** Answers the calls that wait, one after the other. */
  #serve(): Promise<void> {
    if (this.#serving === undefined && this.#calls.length > 0) this.#serving = this.#answerAll();
    return this.#serving ?? Promise.resolve();
  }

  async #answerAll(): Promise<void> {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift())
      await this.#answer(call);
    this.#serving = undefined;
  }

  async #answer({ call, name, argument }: Extract<ToHost, { kind: 'call' }>): Promise<void> {
    try {
      const value = await this.#find(name)(argument as never, this.#theFit());
      this.#port?.post({ kind: 'answer', call, value });
    } catch (error) {
      const told = isCloneError(error)
        ? new InvalidArgumentError(`calls.${name}`, `must return plain data (${error.message})`, name)
        : error;
      this.#port?.post({ kind: 'refusal', call, error: toPlainError(told) });
    }
  }

  #find(name: string): CallTable[string] {
    const { calls = {} } = this.#options;
    if (Object.hasOwn(calls, name)) return calls[name];
    const known = Object.keys(calls);
    const meant = closestName(name, known);
    const hint =
      meant === undefined ? `, which has ${known.join(', ') || 'none'}` : ` (did you mean \`${meant}\`?)`;
    throw new InvalidArgumentError('name', `is not a call of the worker's host${hint}`, name);
  }

  #theFit(): HostedFit {
    if (this.#fit !== undefined) return this.#fit;
    throw new InvalidArgumentError(
      'call',
      'needs a fit that was prepared: see to `client.fit` first',
      'no fit',
    );
  }
}

/** Of a fit that the page aborted before it began. */
function interruptedBefore({ reason }: AbortSignal): HistoryRecords {
  const stopMessage = typeof reason === 'string' ? reason : 'aborted';
  return { epochs: [], validations: [], stopReason: 'interrupted', stopMessage };
}

/** A signal that aborts when one of two does. */
function either(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  if (other === undefined) return one;
  const both = new AbortController();
  for (const signal of [one, other]) {
    const abort = () => both.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true, signal: both.signal });
  }
  return both.signal;
}

const isCloneError = (error: unknown): error is DOMException =>
  error instanceof DOMException && error.name === 'DataCloneError';
