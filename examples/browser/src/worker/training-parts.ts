import { Generator } from '@mnist-kit/core';
import { DataLoader, type Dataset, Subset, transforms as T } from '@mnist-kit/datasets';
import { crossEntropyLoss, labelSmoothingCrossEntropy, mixup } from '@mnist-kit/losses';
import {
  Adam,
  AdamW,
  CosineAnnealingLR,
  type LRScheduler,
  Muon,
  OneCycleLR,
  type Optimizer,
  SGD,
  StepLR,
} from '@mnist-kit/optim';
import { type Callback, confusionMatrix, StochasticWeightAveraging, Trainer } from '@mnist-kit/trainer';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildNet } from '../settings/build-net.js';
import { type AugmentationSettings, type Settings, stepsPerEpoch } from '../settings/settings.js';
import { LiveRate } from './live-rate.js';
import { normalizationOf } from './normalization.js';
import { worstSamples } from './worst-samples.js';

/** What a fit is made of. */
export interface TrainingParts {
  readonly model: LayersModel;
  readonly trainer: Trainer;
  readonly train: DataLoader;
  readonly val: DataLoader;
  readonly rate: LiveRate;
}

/** The data that a fit gets. */
export interface TrainingData {
  readonly train: Dataset;
  readonly val: Dataset;
}

interface PartsOptions {
  readonly threads?: number;
  /** Run after those that the settings ask for. */
  readonly callbacks?: readonly Callback[];
  /** Where warnings go. */
  readonly warn?: (line: string) => void;
}

/** Biases and batch norms do not decay. */
const GROUPS = [{ match: /\/(bias|gamma|beta)$/, weightDecay: 0 }];
/** Wrong answers that are shown. */
const WORST = 24;

/** Makes the parts of a fit; the same settings give the same bits, here and in Node. */
export function trainingParts(
  settings: Settings,
  data: TrainingData,
  { threads, callbacks = [], warn }: PartsOptions = {},
): TrainingParts {
  const { batchSize, seed, validations } = settings;
  const generator = new Generator(seed);
  const model = buildNet(settings.net, generator);
  const normalize = T.normalize(normalizationOf(settings.data));
  const samples = Math.min(settings.samples, data.train.length);
  const first = Int32Array.from({ length: samples }, (_, i) => i);
  const train = new DataLoader(new Subset(data.train, first), {
    batchSize: Math.min(batchSize, samples),
    shuffle: true,
    // A last batch of a few images would make a step as long as the others.
    dropLast: true,
    transform: T.compose([...augmentations(settings.augmentation), normalize]),
    generator,
  });
  const val = new DataLoader(data.val, { batchSize: 500, transform: normalize });
  const optimizer = buildOptimizer(settings);
  const rate = new LiveRate(optimizer, buildSchedule(settings, optimizer, stepsPerEpoch(settings, samples)));
  const { labelSmoothing, mixup: alpha, averageFrom } = settings;
  const averaging = averageFrom < 1 ? [new StochasticWeightAveraging({ start: averageFrom })] : [];
  const trainer = new Trainer({
    model,
    optimizer,
    scheduler: rate,
    loss: labelSmoothing > 0 ? labelSmoothingCrossEntropy({ smoothing: labelSmoothing }) : crossEntropyLoss(),
    mixup: alpha > 0 ? mixup({ alpha, seed }) : undefined,
    generator,
    metrics: { confusion: confusionMatrix(), worst: worstSamples(WORST) },
    valEvery: validations > 1 ? 1 / validations : 1,
    callbacks: [...averaging, ...callbacks],
    threads,
    log: () => {},
    ...(warn && { warn }),
  }) as unknown as Trainer;
  return { model, trainer, train, val, rate };
}

/** The random transforms of a training image; none where all is 0. */
export function augmentations({ rotate, shift, zoom, shear }: AugmentationSettings) {
  if (rotate === 0 && shift === 0 && zoom === 0 && shear === 0) return [];
  return [
    T.randomAffine({
      degrees: rotate,
      ...(shift > 0 && { translate: [shift, shift] as const }),
      ...(zoom > 0 && { scale: [1 - zoom, 1 + zoom] as const }),
      ...(shear > 0 && { shear }),
    }),
  ];
}

function buildOptimizer({ optimizer, lr, weightDecay }: Settings): Optimizer {
  const options = { lr, weightDecay, groups: GROUPS };
  switch (optimizer) {
    case 'adam':
      return new Adam(options);
    case 'adamW':
      return new AdamW(options);
    case 'muon':
      return new Muon(options);
    case 'sgd':
      return new SGD({ ...options, momentum: 0.9, nesterov: true });
  }
}

function buildSchedule(
  { schedule, epochs, lr }: Settings,
  optimizer: Optimizer,
  steps: number,
): LRScheduler | undefined {
  switch (schedule.kind) {
    case 'constant':
      return undefined;
    case 'step':
      return new StepLR(optimizer, { stepSize: stepSize(epochs), gamma: 0.1 });
    case 'cosine':
      return new CosineAnnealingLR(optimizer, { tMax: epochs * steps, interval: 'step' });
    case 'oneCycle': {
      const { pctStart, divFactor } = schedule;
      const shape = { pctStart, divFactor, cycleMomentum: false };
      return new OneCycleLR(optimizer, { maxLr: lr, epochs, stepsPerEpoch: steps, ...shape });
    }
  }
}

/** Epochs from one fall of a rate that falls in steps to the next: two falls in all, as in the notebook. */
export function stepSize(epochs: number): number {
  return Math.max(1, Math.ceil(epochs / 3));
}
