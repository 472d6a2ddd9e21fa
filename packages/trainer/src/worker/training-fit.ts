import type { HistoryRecords } from '../history.js';
import type { SentEvent } from './messages.js';
import { fromPlainError } from './plain-error.js';
import type { WorkerTrainingEvent } from './training-event.js';

/** What a fit in the worker is told by its handle. */
interface FitLine {
  pause(): void;
  resume(): void;
  abort(reason: string | undefined): void;
  more(): void;
}

/**
 * A fit that runs in a worker, as {@link TrainingClient.fit} returns it.
 *
 * It is an async iterable of its events, with one reader; the fit does not wait for it. Without a reader, `result` tells
 * how it ended.
 *
 * @example
 * ```ts
 * import type { TrainingFit } from '@mnist-kit/trainer/worker';
 *
 * async function watch(fit: TrainingFit, stop: AbortSignal): Promise<void> {
 *   stop.addEventListener('abort', () => fit.abort('enough'));
 *   for await (const event of fit) if (event.type === 'step') console.log(event.step, event.merged.loss);
 *   console.log((await fit.result).stopReason); // interrupted
 * }
 * ```
 */
export class TrainingFit implements AsyncIterable<WorkerTrainingEvent> {
  readonly #line: FitLine;
  readonly #events: WorkerTrainingEvent[] = [];
  readonly #result: Promise<HistoryRecords>;
  #resolve!: (history: HistoryRecords) => void;
  #reject!: (error: unknown) => void;
  /** Whether somebody will learn of an error. */
  #watched = false;
  #running = true;
  #wake: (() => void) | undefined;

  /** @internal */
  constructor(line: FitLine) {
    this.#line = line;
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#result.catch(() => {});
  }

  /** Whether the fit has not ended yet. */
  get running(): boolean {
    return this.#running;
  }

  /**
   * The history of the fit, as plain data for `History.from`. An aborted fit has one, with `stopReason: 'interrupted'`.
   *
   * It is rejected with what the fit failed with, an error of the same class and with the same fields as in the
   * worker, or with an EngineError when the worker could not be started, died or was terminated.
   */
  get result(): Promise<HistoryRecords> {
    this.#watched = true;
    return this.#result;
  }

  /** Stops after the step until `resume`; `pause` and `resume` events say when. Nothing happens after the end. */
  pause(): void {
    if (this.#running) this.#line.pause();
  }

  /** Goes on after `pause`. */
  resume(): void {
    if (this.#running) this.#line.resume();
  }

  /**
   * Ends the fit after the step, as Ctrl-C does in Node: its state is saved by ModelCheckpoint, and its history says
   * `interrupted`. Also one that pauses, and one that is not prepared yet.
   *
   * @param reason For people; the history's `stopMessage`.
   */
  abort(reason?: string): void {
    if (this.#running) this.#line.abort(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WorkerTrainingEvent, void, undefined> {
    this.#watched = true;
    while (true) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (!this.#running) return;
      else {
        const arrival = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#line.more();
        await arrival;
      }
    }
  }

  /** @internal Events came from the worker. */
  receive(events: readonly SentEvent[]): void {
    for (const event of events) {
      if (event.type === 'error') this.fail(fromPlainError(event.error));
      else this.#events.push(event);
      if (event.type === 'end') this.#end(() => this.#resolve(event.history));
    }
    this.#wake?.();
  }

  /** @internal The fit came to nothing; `known`: nobody need be told. */
  fail(error: unknown, known = false): void {
    if (!this.#running) return;
    this.#events.push({ type: 'error', error });
    this.#end(() => this.#reject(error));
    // Nobody asked, so nobody would learn of it but in the way of promises.
    if (!this.#watched && !known) void Promise.reject(error);
  }

  #end(settle: () => void): void {
    this.#running = false;
    settle();
    this.#wake?.();
  }
}
