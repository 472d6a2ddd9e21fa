import type { EpochRecord, History } from '@mnist-kit/trainer';
import type { ComparisonRow } from './compare.js';
import type { ExperimentName } from './experiments.js';

/** What a run leaves in its folder beside what ModelCheckpoint keeps there. */
export const RUN_FILES: readonly string[] = [
  ...['results.json', 'history.csv', 'report.html'],
  ...['curves', 'learning-rate', 'confusion-matrix', 'mistakes'].flatMap((name) => [
    `${name}.svg`,
    `${name}.png`,
  ]),
];

/** One epoch. Losses are means over samples, accuracies are fractions of 1. */
export type EpochResult = {
  epoch: number;
  lr: number;
  trainLoss: number;
  /** The notebook's figure: the sum of the batches' mean losses over the number of samples. */
  trainLossAsPrinted: number;
  trainAccuracy: number;
  /** Negative log-likelihood on augmented validation images, as the notebook measures it. */
  valLoss: number;
  valAccuracy: number;
  /** The same weights on clean validation images. */
  valLossClean: number;
  valAccuracyClean: number;
  /** Training steps per second, data loading included. */
  itPerSecond: number;
  /** Validation included. */
  seconds: number;
};

/** What an experiment leaves in `results.json`, and what `--json` prints. */
export interface ExperimentResult {
  experiment: ExperimentName;
  title: string;
  seed: number;
  splitSeed: number;
  trainSamples: number;
  valSamples: number;
  epochsAsked: number;
  /** What ran the model, e.g. `plan, WebAssembly SIMD, 2 threads`. */
  engine: string;
  parameters: number;
  epochs: EpochResult[];
  /** The epoch whose weights were kept and tested. */
  best: { epoch: number; valAccuracy: number } | null;
  /** `null` after an interrupted run. */
  test: { loss: number; accuracy: number } | null;
  stopReason: History['stopReason'];
  stopMessage: string | null;
  interrupted: boolean;
  seconds: number;
  comparison: ComparisonRow[];
  node: string;
  /** Absolute. */
  out: string;
}

/** The Trainer's record of an epoch under the names that the files use. */
export function toEpochResult(record: EpochRecord, trainLossAsPrinted: number): EpochResult {
  return {
    epoch: record.epoch,
    lr: record.lr,
    trainLoss: record.trainLoss,
    trainLossAsPrinted,
    trainAccuracy: record.trainAccuracy,
    valLoss: record.valNll as number,
    valAccuracy: record.valAccuracy as number,
    valLossClean: record.valCleanNll as number,
    valAccuracyClean: record.valCleanAccuracy as number,
    itPerSecond: record.itPerSecond,
    seconds: record.seconds,
  };
}

/** One row per epoch, one column per field. */
export function toCsv(epochs: readonly EpochResult[]): string {
  const columns = epochs.length > 0 ? (Object.keys(epochs[0]) as (keyof EpochResult)[]) : [];
  const rows = epochs.map((epoch) => columns.map((column) => epoch[column]).join(','));
  return `${[columns.join(','), ...rows].join('\n')}\n`;
}
