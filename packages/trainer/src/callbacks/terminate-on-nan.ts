import { closedOptions, type NoOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';

/**
 * Ends a fit before the update when the loss of its batches is NaN or infinite, and names the first tensor that went
 * bad. The weights are those of the last good step.
 *
 * @example
 * ```ts
 * import { TerminateOnNaN } from '@mnist-kit/trainer';
 *
 * const callbacks = [new TerminateOnNaN()];
 * ```
 */
export class TerminateOnNaN implements Callback {
  readonly name = 'TerminateOnNaN';

  constructor(options: NoOptions = {}) {
    closedOptions('TerminateOnNaN', options, {});
  }

  onBeforeOptimizerStep(run: Run, loss: number): void {
    if (Number.isFinite(loss)) return;
    const where = firstBadTensor(run) ?? 'no parameter or gradient is, so look at the loss and its labels';
    const reason = `the loss is ${loss} in epoch ${run.epoch}, batch ${run.batch}; first bad tensor: ${where}`;
    run.note(`Stopped: ${reason}.`);
    run.stop(reason, { now: true });
  }
}

/** Names the first parameter, or else gradient, that holds a NaN or infinity. */
export function firstBadTensor({ executor }: Run): string | undefined {
  // Values come first: bad ones were there before this step's gradients.
  const value = executor.parameters.find((parameter) => hasBad(parameter.value));
  if (value !== undefined) return `value of ${value.name}`;
  const gradient = executor.parameters.find((parameter) => hasBad(parameter.gradient));
  return gradient && `gradient of ${gradient.name}`;
}

function hasBad(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return true;
  return false;
}
