import { InvalidArgumentError, type MaybePromise } from '@mnist-kit/core';
import type { Callback, OptimizerStepReport, ValidationResult } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import { Breather } from '../event-loop.js';
import type { EpochRecord } from '../history.js';
import { EventQueue } from './event-queue.js';
import type { HostContext } from './host-options.js';
import type { SentEvent } from './messages.js';
import type { ExecutorFacts } from './training-event.js';

/** Time in milliseconds between two looks at what the page wants, so that it is answered while it waits. */
const PATIENCE = 10;

/** What a session asks of its host. */
interface SessionHost {
  post(events: readonly SentEvent[]): void;
  /** Whether calls wait to be answered. */
  hasCalls(): boolean;
  /** Answers them. */
  serve(): Promise<void>;
}

/**
 * One fit in the worker, from the page's wish to its end. As a callback of the fit it tells the page what happens, and
 * stops it between steps for as long as the page wants or calls take.
 */
export class FitSession implements Callback {
  readonly name = 'TrainingHost';
  /** Other callbacks are done with a step before the page's wishes are heard. */
  readonly runsLast = true;
  readonly context: HostContext;
  readonly #host: SessionHost;
  readonly #events: EventQueue;
  readonly #abort = new AbortController();
  #breather = new Breather(PATIENCE);
  #run: Run | undefined;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(host: SessionHost) {
    this.#host = host;
    this.#events = new EventQueue((events) => host.post(events));
    const events = this.#events;
    this.context = {
      signal: this.#abort.signal,
      log: (line) => (events.ended ? console.log(line) : events.push({ type: 'log', line: String(line) })),
      warn: (line) =>
        events.ended ? console.warn(line) : events.push({ type: 'warning', line: String(line) }),
      send: (message) => {
        if (events.ended)
          throw new InvalidArgumentError('send', 'must not be called after the end of its fit', message);
        events.push({ type: 'message', message: copyOf(message) });
      },
    };
  }

  /** The fit as callbacks see it, once it has begun. */
  get run(): Run | undefined {
    return this.#run;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  abort(reason: string | undefined): void {
    this.#abort.abort(reason);
    this.resume();
  }

  /** Has a fit that pauses look again at what the page wants. */
  wake(): void {
    this.#wake?.();
  }

  /** The page has taken the events that were posted last. */
  more(): void {
    this.#events.more();
  }

  /** Tells the page how the fit ended. */
  end(event: SentEvent): void {
    this.#events.end(event);
  }

  onFitStart(run: Run): MaybePromise<void> {
    this.#run = run;
    this.#breather = new Breather(PATIENCE);
    const { epochs, batchesPerEpoch, executor } = run;
    const { engine, description, reason, threads, vectors, note } = executor;
    const facts: ExecutorFacts = { engine, description, reason, threads, vectors, note };
    this.#events.push({ type: 'start', epochs, batchesPerEpoch, executor: facts });
    return this.#stop(run);
  }

  onOptimizerStepEnd({ epoch }: Run, report: OptimizerStepReport): void {
    this.#events.pushStep(epoch, report);
  }

  onSafePoint(run: Run): MaybePromise<void> {
    return this.#stop(run);
  }

  onValidationBatchEnd(run: Run): MaybePromise<void> {
    return this.#stop(run);
  }

  onValidationEnd({ epoch }: Run, result: ValidationResult, loader: string): void {
    this.#events.push({ type: 'validation', epoch, loader, result });
  }

  onEpochEnd(_run: Run, record: EpochRecord): void {
    this.#events.push({ type: 'epoch', record });
  }

  /** Between two steps: hears the page, where it is time to or something is known to wait. */
  #stop(run: Run): MaybePromise<void> {
    this.#events.flush();
    const turn = this.#breather.breathe();
    if (turn !== undefined || this.#paused || this.#host.hasCalls()) return this.#hear(run, turn);
  }

  async #hear(run: Run, turn: Promise<void> | undefined): Promise<void> {
    await turn;
    if (this.#host.hasCalls()) await this.#host.serve();
    if (!this.#paused) return;
    this.#events.push({ type: 'pause' });
    await run.pause(this.#resumed());
    this.#events.push({ type: 'resume' });
  }

  /** Answers calls until the fit goes on. */
  async #resumed(): Promise<void> {
    while (this.#paused) {
      if (this.#host.hasCalls()) await this.#host.serve();
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** @throws InvalidArgumentError for something that is no plain data. */
function copyOf(message: unknown): unknown {
  try {
    return structuredClone(message);
  } catch (error) {
    throw new InvalidArgumentError('message', `must be plain data (${(error as Error).message})`, message);
  }
}
