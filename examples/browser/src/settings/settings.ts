import type { CompactBlock } from '@mnist-kit/models';

/** One block of a net of plain convolutions: 3 x 3, batch norm, ReLU, dropout of channels, and a pool where wanted. */
export interface PlainBlock {
  readonly channels: number;
  readonly pool: boolean;
}

/** The net that is trained. */
export type NetSettings =
  | { readonly kind: 'optimizedNet' | 'improvedNet' }
  | {
      readonly kind: 'convNet';
      readonly blocks: readonly PlainBlock[];
      /** Probability that a channel is dropped after each block. */
      readonly dropout: number;
      /** Probability that a feature is dropped before the last layer. */
      readonly fcDropout: number;
    }
  | {
      readonly kind: 'compactNet';
      readonly blocks: readonly CompactBlock[];
      /** Whether batch norms have a scale of their own. */
      readonly scale: boolean;
    };

/** How the learning rate moves. */
export type ScheduleSettings =
  | { readonly kind: 'constant' | 'step' | 'cosine' }
  /** Up from `lr / divFactor` in the first `pctStart` of the steps, then down to nothing. */
  | { readonly kind: 'oneCycle'; readonly pctStart: number; readonly divFactor: number };

/** Random changes of every training image, each up to so much. */
export interface AugmentationSettings {
  /** Degrees to both sides. */
  readonly rotate: number;
  /** Fraction of the image's width. */
  readonly shift: number;
  /** Factor to both sides: 0.1 is from 0.9 to 1.1. */
  readonly zoom: number;
  /** Degrees. */
  readonly shear: number;
}

export const DATA = ['mnist', 'fashionMnist', 'drawn'] as const;
export const NETS = ['optimizedNet', 'improvedNet', 'convNet', 'compactNet'] as const;
export const OPTIMIZERS = ['adam', 'adamW', 'sgd', 'muon'] as const;
export const SCHEDULES = ['constant', 'step', 'cosine', 'oneCycle'] as const;

/** All that a training depends on: plain data, which goes into the address, to the workers and into programs. */
export interface Settings {
  readonly data: (typeof DATA)[number];
  /** Folder with the four IDX files of Fashion-MNIST. */
  readonly dataUrl: string;
  /** Training images that are used, of 50,000. */
  readonly samples: number;
  readonly net: NetSettings;
  readonly optimizer: (typeof OPTIMIZERS)[number];
  /** Learning rate; with one cycle its highest. */
  readonly lr: number;
  /** Decoupled in AdamW and Muon. Biases and batch norms do not decay. */
  readonly weightDecay: number;
  readonly schedule: ScheduleSettings;
  readonly augmentation: AugmentationSettings;
  /** Share of the target that is spread over all classes. */
  readonly labelSmoothing: number;
  /** Alpha of mixup's beta distribution; 0 for none. */
  readonly mixup: number;
  /** Part of the epochs after which the weights at their ends are averaged; 1 for never. */
  readonly averageFrom: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** How often an epoch is validated. */
  readonly validations: number;
  /** Threads of the engine; 0 for as many as there are cores, less one for the page. */
  readonly threads: number;
}

export const DEFAULTS: Settings = {
  data: 'mnist',
  dataUrl: '',
  samples: 50_000,
  net: { kind: 'optimizedNet' },
  optimizer: 'adamW',
  lr: 0.005,
  weightDecay: 0.01,
  schedule: { kind: 'oneCycle', pctStart: 0.2, divFactor: 10 },
  augmentation: { rotate: 0, shift: 0, zoom: 0, shear: 0 },
  labelSmoothing: 0,
  mixup: 0,
  averageFrom: 1,
  epochs: 5,
  batchSize: 128,
  seed: 1,
  validations: 2,
  threads: 0,
};

/** What a net of one's own starts from. */
export const FIRST_CONV_NET: NetSettings = {
  kind: 'convNet',
  blocks: [
    { channels: 8, pool: false },
    { channels: 16, pool: true },
    { channels: 16, pool: true },
    { channels: 32, pool: false },
  ],
  dropout: 0.05,
  fcDropout: 0.1,
};

export const FIRST_COMPACT_NET: NetSettings = {
  kind: 'compactNet',
  blocks: [
    { conv: 12 },
    { separable: 16 },
    'maxPool',
    { separable: 24 },
    'maxPool',
    { separable: 24, residual: true },
  ],
  scale: true,
};

/** Largest and smallest values that the page offers; the address may not go beyond them either. */
export const LIMITS = {
  lr: [1e-5, 1],
  weightDecay: [0, 1],
  samples: [128, 50_000],
  epochs: [1, 100],
  batchSize: [8, 1024],
  seed: [0, 4_294_967_295],
  validations: [1, 10],
  threads: [0, 8],
  channels: [1, 128],
  blocks: [1, 12],
  dropout: [0, 0.9],
  rotate: [0, 45],
  shift: [0, 0.3],
  zoom: [0, 0.5],
  shear: [0, 30],
  labelSmoothing: [0, 0.5],
  mixup: [0, 2],
  averageFrom: [0, 1],
  pctStart: [0, 1],
  divFactor: [1, 1000],
} as const satisfies Record<string, readonly [number, number]>;

/** Images in a pass over the training data, as batches: the last, smaller one is left out. */
export function stepsPerEpoch({ batchSize }: Settings, samples: number): number {
  return Math.max(1, Math.floor(samples / batchSize));
}

/** Digits that it takes to train on one's own. */
export const LEAST_DRAWN = 10;
