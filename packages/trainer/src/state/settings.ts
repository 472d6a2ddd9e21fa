import { describeFunction, type Generator, type Settings } from '@mnist-kit/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { callbackName } from '../callbacks/dispatcher.js';
import type { Callback } from '../contracts/callback.js';
import type { LossLike } from '../contracts/parts.js';
import type { FitParts } from '../fit-parts.js';
import type { Schedule } from '../schedule.js';
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
  const all: Record<string, unknown> = {};
  for (const callback of callbacks) {
    if (callback.settings === undefined) continue;
    const name = callbackName(callback);
    let numbered = name;
    for (let i = 2; Object.hasOwn(all, numbered); i++) numbered = `${name}#${i}`;
    all[numbered] = callback.settings;
  }
  return all;
}

/** The seed of every generator, or the name of the part that it is shared with. */
function generatorSettings({ generator, train, val }: FitParts): Record<string, unknown> {
  const roles: [role: string, name: string, generator: Generator | undefined][] = [
    ['trainer', 'generator', generator],
    ['train', 'train.generator', train.generator],
    ...Object.entries(val).map(([name, loader]): [string, string, Generator | undefined] => [
      `val.${name}`,
      `val.${name}.generator`,
      loader.generator,
    ]),
  ];
  const owners = new Map<Generator, string>();
  return Object.fromEntries(
    roles.map(([role, name, own]) => {
      if (own === undefined) return [role, undefined];
      const owner = owners.get(own);
      if (owner === undefined) owners.set(own, name);
      return [role, owner === undefined ? { seed: own.seed } : `shared with ${owner}`];
    }),
  );
}
