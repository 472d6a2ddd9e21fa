import type { Executor } from '@mnist-kit/engine';
import type { OptimizerStepReport, ValidationResult } from '../contracts/callback.js';
import type { EpochRecord, HistoryRecords } from '../history.js';

/**
 * What a model runs on, as plain data: the fields of its `Executor` that say so.
 *
 * @example
 * ```ts
 * import type { ExecutorFacts } from '@mnist-kit/trainer/worker';
 *
 * const badge = ({ engine, threads = 1, note }: ExecutorFacts) =>
 *   `${engine}, ${threads} threads${note === undefined ? '' : `: ${note}`}`;
 * ```
 */
export type ExecutorFacts = Pick<
  Executor,
  'engine' | 'description' | 'reason' | 'threads' | 'vectors' | 'note'
>;

/**
 * Steps that one event stands for, where the reader did not keep up.
 *
 * @example
 * ```ts
 * import type { MergedSteps } from '@mnist-kit/trainer/worker';
 *
 * const point = ({ loss }: MergedSteps) => Math.log10(loss);
 * ```
 */
export interface MergedSteps {
  /** How many; 1 where nothing was merged. */
  readonly steps: number;
  /** Mean of their losses over their samples. */
  readonly loss: number;
  /** Share of their samples classified correctly, 0 to 1. */
  readonly accuracy: number;
}

/**
 * What happens in a fit in a worker, as plain data. Those of `EventStream` are among them.
 *
 * - `start`: before anything is trained; what the model runs on.
 * - `step`: an update of the parameters, the last of several where the reader is slow, which `merged` sums up.
 * - `validation`, `epoch`: results.
 * - `pause`, `resume`: the fit stands still between two steps, and goes on.
 * - `log`, `warning`: lines that the worker's program said by `context.log` and `context.warn`.
 * - `message`: what it sent by `context.send`.
 * - `end`, `error`: always the last one.
 *
 * @example
 * ```ts
 * import type { WorkerTrainingEvent } from '@mnist-kit/trainer/worker';
 *
 * function show(event: WorkerTrainingEvent): void {
 *   if (event.type === 'start') console.log(event.executor.description);
 *   if (event.type === 'step') console.log(event.step, event.merged.loss);
 *   if (event.type === 'end') console.log(event.history.epochs.length);
 * }
 * ```
 */
export type WorkerTrainingEvent =
  | {
      readonly type: 'start';
      readonly epochs: number;
      readonly batchesPerEpoch: number | undefined;
      readonly executor: ExecutorFacts;
    }
  | ({ readonly type: 'step'; readonly epoch: number; readonly merged: MergedSteps } & OptimizerStepReport)
  | {
      readonly type: 'validation';
      readonly epoch: number;
      readonly loader: string;
      readonly result: ValidationResult;
    }
  | { readonly type: 'epoch'; readonly record: EpochRecord }
  | { readonly type: 'pause' | 'resume' }
  | { readonly type: 'log' | 'warning'; readonly line: string }
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'end'; readonly history: HistoryRecords }
  | { readonly type: 'error'; readonly error: unknown };
