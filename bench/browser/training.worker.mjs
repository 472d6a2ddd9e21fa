import { hostTraining } from '@mnist-kit/trainer/worker';
import { makeTraining } from './training.mjs';

hostTraining({
  prepare: (/** @type {import('./training.mjs').Measured} */ settings) => makeTraining(settings),
});
