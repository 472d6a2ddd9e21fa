import { describeFunction, type Generator, type Settings } from '@mnist-kit/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Callback } from '../contracts/callback.js';
import type { LossLike } from '../contracts/parts.js';
import type { FitParts } from '../fit-parts.js';
import type { Schedule } from '../schedule.js';
import { generatorName, generators, namedCallbacks } from './capture.js';
import { modelSettings } from './model-settings.js';
import { optimizerSettings } from './optimizer-settings.js';
import { loaderSettings, partSettings, plain } from './part-settings.js';

/**
 * Everything that decides what a fit computes, by the name of the part: what must be the same, or be overridden, where
 * the fit is resumed.
 */
export function fitSettings(parts: FitParts, schedule: Schedule | undefined): Settings {
  const { trainer, executor, train, val, loss } = parts;
  const { mixup, metrics = {}, callbacks = [], gradientClip } = trainer;
  const { limitTrainBatches, limitValBatches, overfitBatches } = trainer;
  const generators = generatorSettings(parts);
  const loaders = Object.entries(val).map(([name, loader]) => [
    name,
    { ...loaderSettings(loader), generator: generators[`val.${name}`] },
  ]);
  return plain({
    model: modelSettings(trainer.model as LayersModel),
    optimizer: optimizerSettings(parts.optimizer),
    scheduler: schedule && { ...partSettings(schedule.scheduler), ...schedule.settings },
    loss: lossSettings(loss),
    mixup: mixup && partSettings(mixup),
    train: { ...loaderSettings(train), generator: generators.train },
    val: Object.fromEntries(loaders),
    generator: generators.trainer,
    callbacks: callbackSettings(callbacks),
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, metric]) => [name, partSettings(metric)]),
    ),
    ...{ accumulateGradBatches: trainer.accumulateGradBatches ?? 1, gradientClip },
    ...{ limitTrainBatches, limitValBatches, overfitBatches, valEvery: trainer.valEvery ?? 1 },
    engine: executor.engine,
    executor: executor.settings,
    reproducible: trainer.reproducible ?? trainer.deterministic ?? true,
  });
}

function lossSettings(loss: LossLike): Record<string, unknown> {
  const { name: kind, reduction = 'mean', settings } = loss;
  return { kind, reduction, ...(settings ?? { text: describeFunction(loss) }) };
}

function callbackSettings(callbacks: readonly Callback[]): Record<string, unknown> {
  const set = callbacks.filter(({ settings }) => settings !== undefined);
  return Object.fromEntries(namedCallbacks(set).map(([name, { settings }]) => [name, settings]));
}

/** The seed of every generator, or the name of the part that it is shared with. */
function generatorSettings(parts: FitParts): Record<string, unknown> {
  const owners = new Map<Generator, string>();
  return Object.fromEntries(
    generators(parts).map(([role, generator]) => {
      const owner = owners.get(generator);
      if (owner === undefined) owners.set(generator, generatorName(role));
      return [role, owner === undefined ? { seed: generator.seed } : `shared with ${owner}`];
    }),
  );
}
