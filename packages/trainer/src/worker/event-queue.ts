import type { OptimizerStepReport } from '../contracts/callback.js';
import type { SentEvent } from './messages.js';

/** Least time in milliseconds between two posts of steps: a screen shows no more. */
const INTERVAL = 16;

type StepEvent = Extract<SentEvent, { type: 'step' }>;

/**
 * The events of a fit on their way to the page. Nothing is posted before the reader has taken what was posted last;
 * meanwhile steps that follow each other become one, so that a slow reader neither floods nor is flooded.
 */
export class EventQueue {
  readonly #post: (events: readonly SentEvent[]) => void;
  #events: SentEvent[] = [];
  /** Whether the reader waits for more. */
  #wanted = true;
  #posted = Number.NEGATIVE_INFINITY;
  #ended = false;
  /** Samples of the steps in the last event, when that is a step. */
  #samples = 0;

  constructor(post: (events: readonly SentEvent[]) => void) {
    this.#post = post;
  }

  /** Whether the last event of the fit was posted: there is nobody left to tell. */
  get ended(): boolean {
    return this.#ended;
  }

  push(event: SentEvent): void {
    this.#events.push(event);
    this.flush();
  }

  pushStep(epoch: number, report: OptimizerStepReport): void {
    const last = this.#events.at(-1);
    const before =
      last?.type === 'step' && last.epoch === epoch ? (this.#events.pop() as StepEvent) : undefined;
    this.#samples = (before === undefined ? 0 : this.#samples) + report.size;
    const share = report.size / this.#samples;
    const mean = (key: 'loss' | 'accuracy') => {
      const old = before?.merged[key] ?? report[key];
      return old + (report[key] - old) * share;
    };
    const merged = { steps: (before?.merged.steps ?? 0) + 1, loss: mean('loss'), accuracy: mean('accuracy') };
    this.push({ type: 'step', epoch, ...report, merged });
  }

  /** The reader has taken everything. */
  more(): void {
    this.#wanted = true;
    this.flush();
  }

  /** Posts what there is, if the reader wants it and it is not steps right after steps. */
  flush(): void {
    if (!this.#wanted || this.#events.length === 0) return;
    const onlySteps = this.#events.every(({ type }) => type === 'step');
    if (onlySteps && performance.now() - this.#posted < INTERVAL) return;
    this.#send();
  }

  /** Posts the last event of a fit, with all before it, whether the reader waits or not. */
  end(event: SentEvent): void {
    this.#events.push(event);
    this.#ended = true;
    this.#send();
  }

  #send(): void {
    this.#wanted = false;
    this.#posted = performance.now();
    this.#post(this.#events.splice(0));
  }
}
