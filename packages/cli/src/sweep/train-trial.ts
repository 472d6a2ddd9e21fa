import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { parameterBreakdown } from '@mnist-kit/models';
import { TerminateOnNaN, Trainer } from '@mnist-kit/trainer';
import type { Config } from '../config/schema.js';
import { buildModel } from '../training/build-model.js';
import { buildTraining, inPart } from '../training/build-training.js';
import { loadTrainingData } from '../training/load-data.js';
import { earlyStopping } from '../training/train.js';
import type { CheckedTrial, TrialOutcome } from './run-sweep.js';

/** Builds everything that a trial asks for, so that a mistake shows before anything is trained. */
export function checkTrial(config: Config): CheckedTrial {
  if (config.data.validation === 0)
    throw new InvalidArgumentError('data.validation', 'must hold images out: a sweep ranks by them', 0);
  buildTraining(config, { stepsPerEpoch: 100 });
  earlyStopping(config);
  const model = inPart('model', () => buildModel(config.model));
  const { trainable: parameters } = parameterBreakdown(model);
  model.dispose();
  return { parameters };
}

/** Trains a trial and measures its final weights once, on the images that are held out; nothing is written. */
export async function trainTrial(config: Config, seed: number): Promise<TrialOutcome> {
  const started = performance.now();
  const generator = new Generator(seed);
  const { dataset, train, val } = await loadTrainingData(config, generator);
  if (val === undefined) throw new InvalidArgumentError('data.validation', 'must hold images out', 0);
  const ends = { inputShape: [...dataset.shape] as [number, number, number], classes: [...dataset.classes] };
  const model = buildModel({ ...config.model, ...ends }, generator);
  const { averaging, ...training } = buildTraining({ ...config, seed }, { stepsPerEpoch: train.length });
  const trainer = new Trainer({
    ...config.trainer,
    ...training,
    model,
    generator,
    log: () => {},
    callbacks: [...averaging, new TerminateOnNaN(), ...earlyStopping(config)],
  });
  try {
    const watches = config.earlyStopping !== null || config.scheduler?.kind === 'ReduceLROnPlateau';
    const { interrupted, last } = await trainer.fit(train, {
      epochs: config.epochs,
      ...(watches && { val }),
    });
    const trainAccuracy = last?.trainAccuracy ?? Number.NaN;
    const measured = interrupted ? undefined : await trainer.validate(val);
    return {
      accuracy: measured?.valAccuracy ?? Number.NaN,
      loss: measured?.valLoss ?? Number.NaN,
      trainAccuracy,
      seconds: (performance.now() - started) / 1000,
      interrupted,
    };
  } finally {
    await trainer.dispose();
    await Promise.all([train.dispose(), val.dispose()]);
    model.dispose();
  }
}
