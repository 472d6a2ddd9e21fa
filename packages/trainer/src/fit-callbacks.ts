import { AnomalyDetector } from './callbacks/anomaly-detector.js';
import { GradientClipping } from './callbacks/gradient-clipping.js';
import { Timer } from './callbacks/timer.js';
import type { Callback } from './contracts/callback.js';
import type { TrainerOptions } from './options.js';

/** The callbacks that options stand for, then the user's own. */
export function allCallbacks({
  callbacks = [],
  detectAnomaly,
  gradientClip,
  maxTime,
  fastDevRun,
}: TrainerOptions): Callback[] {
  const own = fastDevRun ? callbacks.filter(({ writesFiles }) => writesFiles !== true) : callbacks;
  return [
    ...(detectAnomaly === true ? [new AnomalyDetector()] : []),
    ...(gradientClip === undefined ? [] : [new GradientClipping(gradientClip)]),
    ...(maxTime === undefined ? [] : [new Timer({ maxTime })]),
    ...own,
  ];
}
