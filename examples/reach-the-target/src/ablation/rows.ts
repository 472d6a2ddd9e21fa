import type { Changes } from '@mnist-kit/cli';
import type { Recipe } from '../recipe.js';

/** The notebook's first experiment, with the images that it measures on left as they are. */
export const BASELINE: Recipe = {
  title: "the notebook's OptimizedNet, Adam, StepLR",
  below: 50_000,
  net: { kind: 'convNet', channels: [8, 16, 16, 32, 32], poolAfter: [2, 4], dropout: 0.1, fcDropout: 0.2 },
  epochs: 20,
  batchSize: 128,
  optimizer: { kind: 'adam', lr: 1e-3, weightDecay: 1e-4, decayAll: true },
  schedule: { kind: 'step', stepSize: 7, gamma: 0.1 },
  augmentation: [{ rotation: 10 }, { affine: { degrees: 0, translate: [0.1, 0.1] } }],
};

/** What is changed of the {@link BASELINE}, one thing at a time. */
export const ABLATION: readonly { name: string; changes: Changes }[] = [
  { name: 'baseline: OptimizedNet, Adam, StepLR', changes: {} },
  {
    name: 'architecture: ConservativeImprovedNet',
    changes: { 'net.channels': [10, 20, 30, 40, 40] },
  },
  { name: 'architecture: ImprovedNet', changes: { 'net.channels': [10, 20, 30, 40, 40, 40] } },
  { name: 'architecture: no dropout', changes: { 'net.dropout': 0, 'net.fcDropout': 0 } },
  { name: 'augmentation: none', changes: { augmentation: [] } },
  {
    name: 'augmentation: stronger (15 degrees, scale, shear)',
    changes: {
      augmentation: [{ affine: { degrees: 15, translate: [0.1, 0.1], scale: [0.9, 1.1], shear: 10 } }],
    },
  },
  {
    name: 'AdamW and one cycle, 1e-2',
    changes: {
      optimizer: { kind: 'adamW', lr: 1e-2, weightDecay: 1e-2 },
      schedule: { kind: 'oneCycle', pctStart: 0.3, divFactor: 25, cycleMomentum: true },
    },
  },
  {
    name: 'Muon and one cycle, 0.1',
    changes: {
      optimizer: { kind: 'muon', lr: 0.1, weightDecay: 1e-2 },
      schedule: { kind: 'oneCycle', pctStart: 0.1, divFactor: 10, cycleMomentum: false },
    },
  },
  { name: 'label smoothing 0.1', changes: { labelSmoothing: 0.1 } },
  { name: 'mixup, alpha 1 on half of the batches', changes: { mixup: { alpha: 1, probability: 0.5 } } },
  { name: 'averaged weights of the last quarter', changes: { averageFrom: 0.75 } },
];
