import { InvalidArgumentError } from '@mnist-kit/core';
import { GradientClipping } from './callbacks/gradient-clipping.js';
import { Timer } from './callbacks/timer.js';
import type { TrainerOptions } from './options.js';

/**
 * Checks a Trainer's options as far as that is possible without data.
 *
 * @throws InvalidArgumentError that names the first one that cannot work.
 */
export function checkOptions(options: TrainerOptions): void {
  const {
    model,
    optimizer,
    loss,
    callbacks = [],
    valEvery,
    gradientClip,
    maxTime,
    fastDevRun,
  } = options ?? {};
  if (typeof model?.getWeights !== 'function')
    throw new InvalidArgumentError('model', 'must be a tf.LayersModel', model);
  if (optimizer !== undefined && typeof optimizer.step !== 'function')
    throw new InvalidArgumentError('optimizer', 'must have a `step` method', optimizer);
  if (loss !== undefined && typeof loss !== 'function')
    throw new InvalidArgumentError('loss', 'must be a function of outputs and labels', loss);
  if (!Array.isArray(callbacks)) throw new InvalidArgumentError('callbacks', 'must be an array', callbacks);
  for (const [i, callback] of callbacks.entries())
    if (callback === null || typeof callback !== 'object')
      throw new InvalidArgumentError(`callbacks[${i}]`, 'must be an object with hooks', callback);
  for (const name of ['accumulateGradBatches', 'overfitBatches', 'maxSteps'] as const)
    checkCount(name, options[name], 1);
  checkCount('numSanityValSteps', options.numSanityValSteps, 0);
  if (typeof fastDevRun === 'number') checkCount('fastDevRun', fastDevRun, 1);
  if (valEvery !== undefined && !(valEvery > 0 && (valEvery < 1 || Number.isInteger(valEvery))))
    throw new InvalidArgumentError('valEvery', 'must be a number of epochs, or a fraction below 1', valEvery);
  const { reproducible, deterministic } = options;
  if (reproducible !== undefined && deterministic !== undefined && reproducible !== deterministic)
    throw new InvalidArgumentError('deterministic', 'must not differ from `reproducible`', deterministic);
  if (gradientClip !== undefined) new GradientClipping(gradientClip);
  if (maxTime !== undefined) new Timer({ maxTime });
}

function checkCount(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= least))
    throw new InvalidArgumentError(name, `must be an integer of at least ${least}`, value);
}
