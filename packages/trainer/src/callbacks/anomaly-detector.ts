import { ModelError } from '@mnist-kit/core';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import { firstBadTensor } from './terminate-on-nan.js';

/** What `detectAnomaly` adds to a fit: looks at every gradient of every step. */
export class AnomalyDetector implements Callback {
  readonly name = 'AnomalyDetector';

  onBeforeOptimizerStep(run: Run, loss: number): void {
    const where = firstBadTensor(run) ?? (Number.isFinite(loss) ? undefined : 'the loss');
    if (where === undefined) return;
    throw new ModelError(
      `The first number that is NaN or infinite is in ${where}, in epoch ${run.epoch}, batch ${run.batch}, ` +
        `with a loss of ${loss}. Lower the learning rate, clip gradients, or look at that batch.`,
    );
  }
}
