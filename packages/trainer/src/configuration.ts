import { className } from '@mnist-kit/core';
import { callbackName } from './callbacks/dispatcher.js';
import type { Configuration } from './contracts/run-snapshot.js';
import type { FitParts } from './fit-parts.js';
import { schedulerOptions } from './schedule.js';

/** Settings that a resumed fit may change without being another fit. */
const free: readonly string[] = ['epochs', 'maxSteps', 'maxTime', 'callbacks', 'threads'];

/** The settings that decide what a fit computes, and those that people like to look up later. */
export function configurationOf({
  trainer,
  optimizer,
  loss,
  executor,
  train,
  epochs,
}: FitParts): Configuration {
  const { scheduler, mixup, gradientClip, maxTime } = trainer;
  const { accumulateGradBatches, limitTrainBatches, limitValBatches, overfitBatches, valEvery } = trainer;
  const all = {
    epochs,
    ...{ maxSteps: trainer.maxSteps, maxTime: asText(maxTime) },
    ...{
      engine: executor.engine,
      reproducible: trainer.reproducible ?? trainer.deterministic ?? true,
      threads: trainer.threads,
    },
    ...{ parameters: executor.parameters.reduce((sum, { value }) => sum + value.length, 0) },
    ...{ optimizer: classOf(optimizer), groups: optimizer.groups?.length, loss: loss.name || undefined },
    scheduler: classOf(scheduler && schedulerOptions(scheduler).scheduler),
    mixup: mixup !== undefined,
    ...{ batchSize: train.batchSize, batches: train.length, accumulateGradBatches, overfitBatches },
    ...{ limitTrainBatches, limitValBatches, valEvery, gradientClip: asText(gradientClip) },
    callbacks: (trainer.callbacks ?? []).map(callbackName).join(', '),
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
    ),
  );
}

/** What a fit has set otherwise than a checkpoint that keeps nothing but this, in words. */
export function changedConfiguration(saved: Configuration, now: Configuration): string[] {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])];
  // Earlier versions kept the names that classes have in a bundle.
  const plain = (all: Configuration, name: string) =>
    name === 'optimizer' || name === 'scheduler'
      ? String(all[name] ?? 'unset').replace(/^_+/, '')
      : all[name];
  return names
    .filter((name) => !free.includes(name) && plain(saved, name) !== plain(now, name))
    .map((name) => `${name} ${plain(saved, name) ?? 'unset'}, now ${plain(now, name) ?? 'unset'}`);
}

function asText(value: object | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function classOf(value: object | undefined): string | undefined {
  const name = value && className(value);
  return name === 'Object' ? undefined : name;
}
