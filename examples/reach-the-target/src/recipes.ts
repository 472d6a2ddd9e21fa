import type { CompactBlock } from '@mnist-kit/models';
import type { Recipe } from './recipe.js';

/** What the search found to be good at every size. */
const SHARED = { epochs: 20, batchSize: 128, averageFrom: 0.75 } satisfies Partial<Recipe>;

/** Muon and one cycle up to `lr`: the smaller the net, the higher. */
const cycle = (lr: number, pctStart: number) =>
  ({
    optimizer: { kind: 'muon', lr, weightDecay: 0.01 },
    schedule: { kind: 'oneCycle', pctStart, divFactor: 10, cycleMomentum: false },
  }) satisfies Partial<Recipe>;

/** Rotation up to so many degrees and shifts up to a fraction of the image: the smaller the net, the less. */
const augment = (degrees: number, shift: number): Recipe['augmentation'] => [
  { affine: { degrees, translate: [shift, shift] } },
];

/** Nets that are too small to learn all of it by themselves do better with one that could. */
const LARGER: Recipe['teacher'] = {
  ...{ recipe: 'teacher', epochs: 12, seed: 1 },
  ...{ weight: 0.9, temperature: 2 },
};
/** Three of these know a little more than one, which a net of the largest class can use. */
const THREE: Recipe['teacher'] = { ...LARGER, seed: [1, 2, 3] };
/** What a larger one knows is too much for the smallest. */
const LARGE: Recipe['teacher'] = {
  ...{ recipe: 'small-teacher', epochs: 8, seed: 1 },
  ...{ weight: 0.8, temperature: 1.5 },
};

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
    title: 'full convolutions, three scales, three teachers',
    below: 20_000,
    net: FULL_20000,
    ...SHARED,
    ...cycle(0.04, 0.2),
    augmentation: augment(10, 0.08),
    teacher: THREE,
  },
  'under-8000': {
    title: 'full convolutions, three scales, a teacher',
    below: 8_000,
    net: FULL_8000,
    ...SHARED,
    ...cycle(0.04, 0.2),
    augmentation: augment(8, 0.06),
    teacher: LARGER,
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
    ...SHARED,
    ...cycle(0.06, 0.15),
    augmentation: augment(6, 0.05),
    teacher: LARGE,
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
    ...SHARED,
    ...cycle(0.1, 0.1),
    augmentation: augment(6, 0.05),
    teacher: LARGE,
  },
  'small-teacher': {
    title: 'what the smallest nets learn from',
    below: 20_000,
    net: FULL_20000,
    ...SHARED,
    epochs: 8,
    ...cycle(0.04, 0.2),
    augmentation: augment(10, 0.08),
  },
  teacher: {
    title: 'what the other nets learn from',
    below: 100_000,
    net: {
      kind: 'compactNet',
      blocks: [conv(24), conv(32), 'maxPool', conv(48), conv(48), 'maxPool', conv(64)],
      scale: false,
    },
    ...SHARED,
    epochs: 12,
    ...cycle(0.04, 0.2),
    augmentation: augment(10, 0.08),
  },
  'race-99.4': {
    title: 'to 99.4% in the least time',
    below: 20_000,
    net: FULL_20000,
    epochs: 3,
    batchSize: 128,
    ...cycle(0.1, 0.15),
    augmentation: augment(6, 0.05),
  },
  'race-99.0': {
    title: 'to 99.0% in the least time',
    below: 20_000,
    net: {
      kind: 'compactNet',
      blocks: [conv(8), conv(12), 'maxPool', { conv: 16 }, conv(16), 'maxPool', conv(24)],
      scale: false,
    },
    epochs: 1,
    batchSize: 128,
    batches: 360,
    crop: 24,
    ...cycle(0.02, 0.3),
    augmentation: [],
    labelSmoothing: 0.05,
  },
};
