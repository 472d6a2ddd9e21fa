/** The notebook's three experiments, in its order. */
export type ExperimentName = 'optimized' | 'enhanced' | 'advanced';

/** What makes an experiment. Everything they share is in {@link SHARED}. */
export interface Experiment {
  title: string;
  model: 'optimizedNet' | 'improvedNet';
  optimizer: { kind: 'adam' | 'adamW'; lr: number; weightDecay: number };
  /** `plateau` looks at the validation accuracy after each epoch. */
  scheduler:
    | { kind: 'step'; stepSize: number; gamma: number }
    | { kind: 'plateau'; factor: number; patience: number; minLr: number };
  labelSmoothing?: number;
  mixup?: { alpha: number; probability: number };
}

/** Settings of all three. */
export const SHARED = {
  batchSize: 128,
  split: [50_000, 10_000],
  rotation: 10,
  translate: [0.1, 0.1],
  mean: 0.1307,
  std: 0.3081,
  /** Validation accuracy (augmented, as the notebook measures it) that ends a run. */
  target: 0.994,
} as const;

export const EXPERIMENTS: Record<ExperimentName, Experiment> = {
  optimized: {
    title: 'OptimizedNet, Adam, StepLR',
    model: 'optimizedNet',
    optimizer: { kind: 'adam', lr: 1e-3, weightDecay: 1e-4 },
    scheduler: { kind: 'step', stepSize: 7, gamma: 0.1 },
  },
  enhanced: {
    title: 'ImprovedNet, AdamW, ReduceLROnPlateau',
    model: 'improvedNet',
    optimizer: { kind: 'adamW', lr: 1e-3, weightDecay: 1e-3 },
    scheduler: { kind: 'plateau', factor: 0.5, patience: 3, minLr: 1e-6 },
  },
  advanced: {
    title: 'ImprovedNet, AdamW, ReduceLROnPlateau, label smoothing, mixup',
    model: 'improvedNet',
    optimizer: { kind: 'adamW', lr: 8e-4, weightDecay: 1e-3 },
    scheduler: { kind: 'plateau', factor: 0.5, patience: 2, minLr: 1e-6 },
    labelSmoothing: 0.1,
    mixup: { alpha: 1, probability: 0.5 },
  },
};
