import { InvalidArgumentError } from '@mnist-kit/core';
import { checkArray } from './check.js';

/**
 * One epoch of a run, as plots and reports read it. Other numeric fields may stand beside these
 * (`valAccuracyClean`, say): the report's history table shows them, and `trainingCurves` draws those
 * it is asked to.
 *
 * A value that is missing, `NaN` or infinite leaves a gap in its curve.
 *
 * @example
 * ```ts
 * import { type EpochRecord, trainingCurves } from '@mnist-kit/plots';
 *
 * const record: EpochRecord = { epoch: 1, trainLoss: 0.4, trainAccuracy: 0.9, valLoss: 0.2, valAccuracy: 0.95 };
 * const svg = trainingCurves([record]);
 * ```
 */
export interface EpochRecord {
  /** Number of the epoch, counted from 1 (or 0); grows from record to record. */
  readonly epoch: number;
  /** Mean training loss. */
  readonly trainLoss?: number;
  /** Training accuracy, 0 to 1. */
  readonly trainAccuracy?: number;
  /** Mean validation loss. */
  readonly valLoss?: number;
  /** Validation accuracy, 0 to 1. */
  readonly valAccuracy?: number;
  /** Learning rate of the epoch. */
  readonly lr?: number;
  /** Duration of the epoch in seconds. */
  readonly seconds?: number;
}

/** The value of one field of a record, `undefined` where it is missing. */
export function metricOf(record: EpochRecord, key: string): number | undefined {
  const value = (record as unknown as Record<string, unknown>)[key];
  return typeof value === 'number' ? value : undefined;
}

/** True for fields that hold a fraction of 1 and are shown in percent. */
export function isFraction(key: string): boolean {
  return /accuracy/i.test(key);
}

/** Throws unless the history has records, its epochs grow and its accuracies are fractions. */
export function checkHistory(history: readonly EpochRecord[], argument = 'history'): void {
  checkArray(argument, history, 1, 'epoch');
  for (const [i, record] of history.entries()) {
    if (record === null || typeof record !== 'object') {
      throw new InvalidArgumentError(`${argument}[${i}]`, 'must be an epoch record', record);
    }
    if (!Number.isSafeInteger(record.epoch)) {
      throw new InvalidArgumentError(`${argument}[${i}].epoch`, 'must be an integer', record.epoch);
    }
    if (i > 0 && record.epoch <= history[i - 1].epoch) {
      throw new InvalidArgumentError(
        `${argument}[${i}].epoch`,
        `must be above the epoch before it, ${history[i - 1].epoch}`,
        record.epoch,
      );
    }
    for (const key of Object.keys(record).filter(isFraction)) {
      const value = metricOf(record, key);
      if (value !== undefined && (value < 0 || value > 1)) {
        throw new InvalidArgumentError(
          `${argument}[${i}].${key}`,
          'must be a fraction from 0 to 1, not a percentage',
          value,
        );
      }
    }
  }
}
