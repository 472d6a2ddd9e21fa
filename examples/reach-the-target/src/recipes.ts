import type { CompactBlock } from '@mnist-kit/models';
import type { Recipe } from './recipe.js';

/** What the search found to be good at every size. */
const SHARED = {
  epochs: 20,
  batchSize: 128,
  optimizer: { kind: 'muon', lr: 0.1, weightDecay: 0.01 },
  schedule: { kind: 'oneCycle', pctStart: 0.1, divFactor: 10, cycleMomentum: false },
  augmentation: [{ affine: { degrees: 6, translate: [0.05, 0.05] } }],
  averageFrom: 0.75,
} satisfies Partial<Recipe>;

/** Nets that are too small to learn all of it by themselves do better with somebody who can. */
const TAUGHT = {
  ...SHARED,
  teacher: { recipe: 'under-20000', epochs: 8, seed: 1, weight: 0.8, temperature: 1.5 },
} satisfies Partial<Recipe>;

/** A convolution that takes no pixels from outside: faster, and better here. */
const conv = (channels: number): CompactBlock => ({ conv: channels, padding: 'valid' });
const separable = (channels: number): CompactBlock => ({ separable: channels, padding: 'valid' });

/** Full convolutions, which the engine is fast at. */
const FULL_20000: Recipe['net'] = {
  kind: 'compactNet',
  blocks: [conv(12), conv(16), 'maxPool', conv(24), conv(24), 'maxPool', conv(32)],
  scale: false,
};
const FULL_8000: Recipe['net'] = {
  kind: 'compactNet',
  blocks: [conv(8), conv(12), 'maxPool', conv(16), conv(16), 'maxPool', conv(18)],
  scale: false,
};

/** The recipes by name, largest nets first; those of the race have as few steps as will do. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  'under-20000': {
    title: 'full convolutions, three scales',
    below: 20_000,
    net: FULL_20000,
    ...SHARED,
  },
  'under-8000': {
    title: 'full convolutions, three scales, a teacher',
    below: 8_000,
    net: FULL_8000,
    ...TAUGHT,
  },
  'under-3000': {
    title: 'separable convolutions, three scales, a teacher',
    below: 3_000,
    net: {
      kind: 'compactNet',
      blocks: [
        ...[conv(12), separable(12), 'maxPool' as const],
        ...[separable(16), separable(16), 'maxPool' as const],
        ...[separable(24), { separable: 24, residual: true }],
      ],
      scale: false,
    },
    ...TAUGHT,
  },
  'under-1000': {
    title: 'separable convolutions, three scales, a teacher',
    below: 1_000,
    net: {
      kind: 'compactNet',
      blocks: [
        ...[conv(8), separable(8), 'maxPool' as const],
        ...[separable(10), separable(12), 'maxPool' as const, separable(11)],
      ],
      scale: false,
    },
    ...TAUGHT,
  },
  'race-99.4': {
    title: 'to 99.4% in the least time',
    below: 20_000,
    net: FULL_20000,
    ...SHARED,
    epochs: 3,
    schedule: { kind: 'oneCycle', pctStart: 0.15, divFactor: 10, cycleMomentum: false },
    averageFrom: undefined,
  },
  'race-99.0': {
    title: 'to 99.0% in the least time',
    below: 8_000,
    net: FULL_8000,
    ...SHARED,
    epochs: 1,
    optimizer: { kind: 'muon', lr: 0.03, weightDecay: 0.01 },
    schedule: { kind: 'oneCycle', pctStart: 0.3, divFactor: 10, cycleMomentum: false },
    augmentation: [],
    averageFrom: undefined,
  },
};
