/** What is done over and over and measured. */
export type WorkKind = 'train-step' | 'epoch' | 'inference' | 'time-to-first-step' | 'peak-memory';

/** The networks that are measured. */
export const NETS = ['optimizedNet', 'improvedNet', 'conservativeImprovedNet'] as const;

export type Net = (typeof NETS)[number];

/** One piece of work; every runner that can does the same. */
export interface Work {
  readonly kind: WorkKind;
  readonly net: Net;
  readonly batch: number;
}

/** Samples of the notebook's training half, and so of an epoch. */
export const EPOCH_SAMPLES = 50_000;

/** `train-step/optimizedNet/128` */
export const nameOf = ({ kind, net, batch }: Work): string => `${kind}/${net}/${batch}`;

/** Batches of a whole epoch. */
export const epochBatches = ({ batch }: Work): number => Math.ceil(EPOCH_SAMPLES / batch);

/** Every work of a run, in its order. */
export const WORKS: readonly Work[] = [
  ...NETS.flatMap((net) => [32, 128, 512].map((batch): Work => ({ kind: 'train-step', net, batch }))),
  ...NETS.map((net): Work => ({ kind: 'epoch', net, batch: 128 })),
  ...NETS.map((net): Work => ({ kind: 'inference', net, batch: 512 })),
  ...NETS.map((net): Work => ({ kind: 'time-to-first-step', net, batch: 128 })),
  ...NETS.map((net): Work => ({ kind: 'peak-memory', net, batch: 128 })),
];
