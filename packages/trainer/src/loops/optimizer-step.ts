import { type Dispatcher, isPromise } from '../callbacks/dispatcher.js';
import type { RunState } from '../run-state.js';
import type { BatchReport } from './batch-report.js';
import { GradientAccumulator } from './gradient-accumulator.js';
import type { Profiler } from './profiler.js';
import { StepReport } from './step-report.js';

/** What {@link OptimizerStep} is made of. */
interface OptimizerStepParts {
  readonly run: RunState;
  readonly callbacks: Dispatcher;
  /** Batches per update. */
  readonly batches: number;
  /** True where the gradient of a batch is that of a sum over its samples, and not of their mean. */
  readonly sums: boolean;
  /** Steps a scheduler that steps after every update. */
  readonly afterStep?: () => void;
  /** Most updates of the fit. */
  readonly maxSteps?: number;
  readonly profiler?: Profiler;
}

/**
 * The boundary of a step: the gradients of one or more batches go in, one update of the parameters comes out.
 * Whatever is counted in updates happens here, once for each, also for a smaller one at the end of an epoch.
 */
export class OptimizerStep {
  readonly #parts: OptimizerStepParts;
  readonly #gradients: GradientAccumulator | undefined;
  readonly #report = new StepReport();
  #pending = 0;

  constructor(parts: OptimizerStepParts) {
    this.#parts = parts;
    this.#gradients = parts.batches > 1 ? new GradientAccumulator() : undefined;
  }

  /** Batches taken in since the last update. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether there are enough batches for an update. */
  get isDue(): boolean {
    return this.#pending >= this.#parts.batches;
  }

  /** Takes in a batch whose gradients the parameters have now, of which `hits` samples were right. */
  add(report: BatchReport, hits: number): void {
    if (this.#pending === 0) this.#report.clear();
    this.#report.add(report, hits);
    this.#gradients?.add(this.#parts.run.executor.parameters);
    this.#pending++;
  }

  /** Updates the parameters from the batches taken in; false when a callback stopped the run before that. */
  async take(): Promise<boolean> {
    const { run, callbacks, sums, afterStep, maxSteps = Infinity, profiler } = this.#parts;
    const { executor, optimizer } = run;
    const report = this.#report;
    this.#pending = 0;
    this.#gradients?.finish(executor.parameters, sums);
    // Here gradients are whole for this process and nobody has looked at them: the place to reduce them over several.
    run.skipUpdate = false;
    const before = callbacks.emit('onBeforeOptimizerStep', report.loss);
    if (isPromise(before)) await before;
    if (run.skipUpdate) return false;
    run.noteRates();
    optimizer.step(executor.parameters);
    const changed = executor.parametersChanged();
    if (isPromise(changed)) await changed;
    run.step++;
    afterStep?.();
    stopAtMaxSteps(run, maxSteps);
    report.step = run.step;
    report.lr = run.lr;
    profiler?.lap('update');
    const after = callbacks.emit('onOptimizerStepEnd', report);
    if (isPromise(after)) await after;
    run.safe = true;
    return true;
  }
}

/** Ends the fit after `maxSteps`; a resumed fit may have been given more. */
export function stopAtMaxSteps(run: RunState, maxSteps: number): void {
  if (run.step >= maxSteps) run.stop(`maxSteps ${maxSteps} reached`, { now: true, final: false });
}
