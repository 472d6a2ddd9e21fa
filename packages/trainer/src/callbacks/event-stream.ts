import { closedOptions, type NoOptions } from '../closed-options.js';
import type { Callback, OptimizerStepReport, ValidationResult } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord, History } from '../history.js';

/**
 * What happens in a fit, as {@link EventStream} tells it.
 *
 * @example
 * ```ts
 * import type { TrainingEvent } from '@mnist-kit/trainer';
 *
 * function show(event: TrainingEvent): void {
 *   if (event.type === 'step') console.log(event.step, event.meanLoss);
 *   if (event.type === 'error') console.error(event.error);
 * }
 * ```
 */
export type TrainingEvent =
  | { readonly type: 'start'; readonly epochs: number; readonly batchesPerEpoch: number | undefined }
  | ({ readonly type: 'step'; readonly epoch: number } & OptimizerStepReport)
  | {
      readonly type: 'validation';
      readonly epoch: number;
      readonly loader: string;
      readonly result: ValidationResult;
    }
  | { readonly type: 'epoch'; readonly record: EpochRecord }
  | { readonly type: 'end'; readonly history: History }
  | { readonly type: 'error'; readonly error: unknown };

/**
 * A fit as an async iterable of events, for user interfaces. It ends when the fit does.
 *
 * Training does not wait for the reader: of the steps that it has not taken yet, only the last is kept. A
 * stream tells of one fit and has one reader.
 *
 * @example
 * ```ts
 * import { EventStream } from '@mnist-kit/trainer';
 *
 * const events = new EventStream();
 * // const fit = trainer.fit(train, { epochs: 3 }) with `callbacks: [events]`, then, without awaiting it:
 * for await (const event of events) {
 *   if (event.type === 'step') console.log(event.step, event.meanLoss);
 *   if (event.type === 'epoch') console.log(event.record);
 * }
 * ```
 */
export class EventStream implements Callback, AsyncIterable<TrainingEvent> {
  readonly name = 'EventStream';
  readonly #events: TrainingEvent[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(options: NoOptions = {}) {
    closedOptions('EventStream', options, {});
  }

  onFitStart({ epochs, batchesPerEpoch }: Run): void {
    this.#push({ type: 'start', epochs, batchesPerEpoch });
  }

  onOptimizerStepEnd({ epoch }: Run, report: OptimizerStepReport): void {
    if (this.#events.at(-1)?.type === 'step') this.#events.pop();
    this.#push({ type: 'step', epoch, ...report });
  }

  onValidationEnd({ epoch }: Run, result: ValidationResult, loader: string): void {
    this.#push({ type: 'validation', epoch, loader, result });
  }

  onEpochEnd(_run: Run, record: EpochRecord): void {
    this.#push({ type: 'epoch', record });
  }

  onFitEnd({ history }: Run): void {
    this.#push({ type: 'end', history });
    this.#ended = true;
  }

  onException(_run: Run, error: unknown): void {
    this.#push({ type: 'error', error });
    this.#ended = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainingEvent, void, undefined> {
    while (true) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #push(event: TrainingEvent): void {
    this.#events.push(event);
    this.#wake?.();
    this.#wake = undefined;
  }
}
