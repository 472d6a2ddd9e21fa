/** What stands beside the curves of a run. */
export interface Figures {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  /** Of the whole training. */
  readonly steps: number;
  readonly lr: number;
  /** Smoothed. */
  readonly loss: number | undefined;
  /** Smoothed, 0 to 1. */
  readonly accuracy: number | undefined;
  readonly valLoss: number | undefined;
  readonly valAccuracy: number | undefined;
  readonly bestAccuracy: number | undefined;
  readonly itPerSecond: number | undefined;
  /** Of training, pauses left out. */
  readonly seconds: number;
  /** Seconds until validation was at 99% for the first time. */
  readonly secondsTo99: number | undefined;
}

export const NO_FIGURES: Figures = {
  epoch: 0,
  epochs: 0,
  step: 0,
  steps: 0,
  lr: 0,
  loss: undefined,
  accuracy: undefined,
  valLoss: undefined,
  valAccuracy: undefined,
  bestAccuracy: undefined,
  itPerSecond: undefined,
  seconds: 0,
  secondsTo99: undefined,
};

/** What a validation said of single digits. */
export interface Judgement {
  readonly step: number;
  /** `confusion[label][prediction]`. */
  readonly confusion: readonly (readonly number[])[];
  /** Rows of `worstSamples`. */
  readonly worst: readonly (readonly number[])[];
}

/**
 * - `idle`: nothing trained yet
 * - `starting`: loads data, compiles the net
 * - `pausing`: the state is being saved
 * - `paused`: can go on, after a reload as well
 */
export type Phase = 'idle' | 'starting' | 'training' | 'pausing' | 'paused' | 'finished' | 'failed';
