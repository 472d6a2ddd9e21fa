// The parts of a training by its configuration: real digits, real engines, everything random that there is.
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { Adam, AdamW, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau, SGD } from '@mnist-kit/optim';
import {
  CsvLogger,
  EarlyStopping,
  ExponentialMovingAverage,
  JsonlLogger,
  StochasticWeightAveraging,
  TensorBoardLogger,
} from '@mnist-kit/trainer';
import { OwnLoader } from './own-loader.mjs';

const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });
const augment = T.compose([T.randomRotation(10), normalize]);
const range = (from, to) => Int32Array.from({ length: to - from }, (_, i) => from + i);

/** Ten batches of 50 for training and four of up to 64. */
export async function makeLoaders(kind, generator) {
  const digits = await mnist({ split: 'test' });
  const samples = new Subset(digits, range(0, 500));
  const own = kind === 'own' || kind === 'ownWithState';
  const prefetch = kind === 'threads';
  const train = own
    ? new OwnLoader(samples, { batchSize: 50, generator, stateful: kind === 'ownWithState' })
    : new DataLoader(samples, { batchSize: 50, shuffle: true, transform: augment, generator, prefetch });
  const val = new DataLoader(new Subset(digits, range(500, 700)), {
    ...{ batchSize: 64, transform: augment, generator, prefetch },
  });
  return { train, val };
}

/** `adam`, `adamw` or `sgd`. */
export function makeOptimizer(name) {
  if (name === 'adamw') return new AdamW({ lr: 1e-2, weightDecay: 0.1 });
  return name === 'sgd' ? new SGD({ lr: 0.05, momentum: 0.9 }) : new Adam({ lr: 1e-2 });
}

/** `plateau`, `cosine` (by the epoch), `oneCycle` (by the step) or `none`. */
export function makeScheduler(name, optimizer, { epochs, stepsPerEpoch }) {
  if (name === 'none') return undefined;
  if (name === 'cosine') return new CosineAnnealingLR(optimizer, { tMax: epochs });
  if (name === 'oneCycle') return new OneCycleLR(optimizer, { maxLr: 0.02, epochs, stepsPerEpoch });
  return new ReduceLROnPlateau(optimizer, { mode: 'min', factor: 0.5, patience: 0, threshold: 0.05 });
}

/** An average of the weights: `ema`, `swa` or `none`. */
export function makeAverages(name) {
  if (name === 'none') return [];
  return [
    name === 'ema'
      ? new ExponentialMovingAverage({ decay: 0.9 })
      : new StochasticWeightAveraging({ start: 0.5 }),
  ];
}

/** `restoreBest`, `patience` (which may end a fit early) or `none`. */
export function makeStopping(name) {
  if (name === 'none') return [];
  return name === 'patience'
    ? [new EarlyStopping({ monitor: 'valLoss', patience: 1, minDelta: 0.3 })]
    : [new EarlyStopping({ monitor: 'valLoss', patience: 100, restoreBest: true })];
}

/** Loggers of every step, in a folder; none without one. */
export function makeLoggers(folder) {
  if (folder === undefined) return [];
  return [
    new JsonlLogger({ path: `${folder}/log.jsonl`, everyNSteps: 1 }),
    new CsvLogger({ path: `${folder}/history.csv` }),
    new TensorBoardLogger({ dir: `${folder}/events`, everyNSteps: 1 }),
  ];
}
