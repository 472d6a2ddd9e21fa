/** What is done over and over and measured. */
export type WorkKind =
  | 'train-step'
  | 'epoch'
  | 'engine-busy'
  | 'inference'
  | 'time-to-first-step'
  | 'peak-memory';

/** The networks that are measured. */
export const NETS = ['optimizedNet', 'improvedNet', 'conservativeImprovedNet'] as const;

export type Net = (typeof NETS)[number];

/** How the images of an epoch are changed on the way; `rotation-shift` is the notebook's. */
export const AUGMENTATIONS = ['none', 'rotation-shift', 'affine', 'two-affine'] as const;

export type Augmentation = (typeof AUGMENTATIONS)[number];

/** One piece of work; every runner that can does the same. */
export interface Work {
  readonly kind: WorkKind;
  readonly net: Net;
  readonly batch: number;
  /** Of `engine-busy`; the others that read images from disk take the notebook's. */
  readonly augmentation?: Augmentation;
}

/** Samples of the notebook's training half, and so of an epoch. */
export const EPOCH_SAMPLES = 50_000;

/** `train-step/optimizedNet/128`, `engine-busy/optimizedNet/128/affine` */
export const nameOf = ({ kind, net, batch, augmentation }: Work): string =>
  [kind, net, batch, ...(augmentation ? [augmentation] : [])].join('/');

/** Batches of a whole epoch. */
export const epochBatches = ({ batch }: Work): number => Math.ceil(EPOCH_SAMPLES / batch);

/** Every work of a run, in its order. */
export const WORKS: readonly Work[] = [
  ...NETS.flatMap((net) => [32, 128, 512].map((batch): Work => ({ kind: 'train-step', net, batch }))),
  ...NETS.map((net): Work => ({ kind: 'epoch', net, batch: 128 })),
  ...AUGMENTATIONS.map(
    (augmentation): Work => ({ kind: 'engine-busy', net: 'optimizedNet', batch: 128, augmentation }),
  ),
  ...NETS.flatMap((net) => [1, 64, 512].map((batch): Work => ({ kind: 'inference', net, batch }))),
  ...NETS.map((net): Work => ({ kind: 'time-to-first-step', net, batch: 128 })),
  ...NETS.map((net): Work => ({ kind: 'peak-memory', net, batch: 128 })),
];

/** What stands in the README and in docs/engine.md. */
const README = [
  /^train-step\/(optimized|improved)Net\/128$/,
  /^epoch\/optimizedNet/,
  /^engine-busy\//,
  /^inference\/(optimized|improved)Net\//,
  /^(time-to-first-step|peak-memory)\/optimizedNet/,
];

/** The works whose figures the documents show. */
export const README_WORKS: readonly Work[] = WORKS.filter((work) =>
  README.some((pattern) => pattern.test(nameOf(work))),
);

/** What the values of a work are. */
export function unitOf({ kind }: Work): 'ms' | 'MiB' | '%' {
  if (kind === 'peak-memory') return 'MiB';
  return kind === 'engine-busy' ? '%' : 'ms';
}
