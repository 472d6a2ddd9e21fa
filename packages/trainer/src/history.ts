import { closestName, InvalidArgumentError } from '@mnist-kit/core';
import type { Better, Metrics, MetricValue } from './metrics/metric.js';
import type { Results } from './results.js';

/**
 * What one epoch measured. Losses are means over samples, accuracies are 0 to 1.
 *
 * Besides the named fields it holds `valLoss`, `valAccuracy` and the validation metrics, under the name of
 * each validation loader.
 *
 * @example
 * ```ts
 * import type { EpochRecord } from '@mnist-kit/trainer';
 *
 * const gap = (record: EpochRecord) => record.trainAccuracy - (record.valAccuracy ?? 0);
 * ```
 */
export interface EpochRecord {
  /** Epoch number, from 1. */
  readonly epoch: number;
  /** Optimizer steps since the start of training. */
  readonly step: number;
  /** Learning rate of the epoch's last step. */
  readonly lr: number;
  /** Mean loss over the training samples, measured while training. */
  readonly trainLoss: number;
  /** Accuracy over the training samples, measured while training (dropout on, mixup counted by its weights). */
  readonly trainAccuracy: number;
  /** Wall time of the epoch in seconds, validation included. */
  readonly seconds: number;
  /** Training batches per second, data loading included, validation left out. */
  readonly itPerSecond: number;
  /** Mean loss over the validation samples, where the loader is called `val`, as it is unless named. */
  readonly valLoss?: number;
  /** Accuracy over the validation samples, likewise. */
  readonly valAccuracy?: number;
  readonly [key: string]: MetricValue | undefined;
}

/**
 * What the Trainer's metrics add to a record when the validation loader is called `val`.
 *
 * @example
 * ```ts
 * import type { Measured, Metric } from '@mnist-kit/trainer';
 *
 * type Top = { top3: Metric<number> };
 * const measured: Measured<Top> = { valLoss: 0.1, valAccuracy: 0.97, valTop3: 0.998 };
 * ```
 */
export type Measured<M extends Metrics> = Partial<Results<'val', M>>;

/**
 * Results of a validation inside an epoch (`valEvery` below 1).
 *
 * @example
 * ```ts
 * import type { ValidationRecord } from '@mnist-kit/trainer';
 *
 * const record: ValidationRecord = { epoch: 1, batch: 195, step: 195, valLoss: 0.2, valAccuracy: 0.94 };
 * ```
 */
export interface ValidationRecord {
  readonly epoch: number;
  /** Batches trained in the epoch. */
  readonly batch: number;
  readonly step: number;
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  readonly [key: string]: MetricValue | undefined;
}

/**
 * Why a fit ended.
 *
 * @example
 * ```ts
 * import type { StopReason } from '@mnist-kit/trainer';
 *
 * const reason: StopReason = 'interrupted';
 * ```
 */
export type StopReason = 'epochs' | 'stopped' | 'interrupted';

/**
 * What a {@link History} holds, as plain data.
 *
 * @example
 * ```ts
 * import { History, type HistoryRecords } from '@mnist-kit/trainer';
 *
 * const records: HistoryRecords = new History().toJSON();
 * const again = History.from(records);
 * ```
 */
export interface HistoryRecords {
  readonly epochs: readonly EpochRecord[];
  readonly validations: readonly ValidationRecord[];
  readonly stopReason: StopReason;
  readonly stopMessage?: string;
  /** Which way each number is better, by name, where the fit knew. */
  readonly better?: Readonly<Record<string, Better>>;
}

/** Of a fit that has not begun. */
export const noRecords: HistoryRecords = { epochs: [], validations: [], stopReason: 'epochs' };

/** Numbers of every record, and those that it has where somebody validates. */
const fields: readonly string[] = [
  ...['epoch', 'step', 'lr', 'trainLoss', 'trainAccuracy', 'seconds', 'itPerSecond'],
  ...['valLoss', 'valAccuracy'],
];

/** What the Trainer itself measures, where loaders have no names of their own. */
const known: readonly (readonly [key: string, better: Better])[] = [
  ['trainLoss', 'lower'],
  ['valLoss', 'lower'],
  ['trainAccuracy', 'higher'],
  ['valAccuracy', 'higher'],
];

/**
 * The record of a fit, one entry per finished epoch, typed by the Trainer's metrics.
 *
 * @example
 * ```ts
 * import type { History } from '@mnist-kit/trainer';
 *
 * function report(history: History): void {
 *   console.log(history.values('valAccuracy')); // [0.885, 0.953, …]
 *   console.log(history.best('valAccuracy')); // { epoch: 2, value: 0.953 }
 * }
 * ```
 */
export class History<M extends Metrics = Record<never, never>> {
  readonly #epochs: (EpochRecord & Measured<M>)[] = [];
  readonly #validations: (ValidationRecord & Measured<M>)[] = [];
  readonly #better = new Map<string, Better>(known);
  /** Why the fit ended; `epochs` while it runs. */
  stopReason: StopReason = 'epochs';
  /** What stopped it, in words, when something did. */
  stopMessage: string | undefined;

  /** One record per finished epoch. */
  get epochs(): readonly (EpochRecord & Measured<M>)[] {
    return this.#epochs;
  }

  /** One record per validation inside an epoch. */
  get validations(): readonly (ValidationRecord & Measured<M>)[] {
    return this.#validations;
  }

  /** True when Ctrl-C or an `AbortSignal` ended the fit. */
  get interrupted(): boolean {
    return this.stopReason === 'interrupted';
  }

  /** The last finished epoch. */
  get last(): (EpochRecord & Measured<M>) | undefined {
    return this.#epochs.at(-1);
  }

  /**
   * A history with the records of an earlier fit.
   *
   * @param measured Which way numbers are better, where that is known better than the records do.
   */
  static from(
    records: HistoryRecords,
    measured: Iterable<readonly [key: string, better: Better | undefined]> = [],
  ): History {
    if (records === null || typeof records !== 'object')
      throw new InvalidArgumentError('records', 'must be { epochs, validations, stopReason }', records);
    const { epochs, validations, stopReason, stopMessage, better } = records;
    for (const [name, list] of Object.entries({ epochs, validations }))
      if (!Array.isArray(list)) throw new InvalidArgumentError(name, 'must be an array of records', list);
    const history = new History();
    for (const [key, way] of [...Object.entries(better ?? {}), ...measured])
      if (way !== undefined) history.#better.set(key, way);
    history.#epochs.push(...epochs);
    history.#validations.push(...validations);
    history.stopReason = stopReason;
    history.stopMessage = stopMessage;
    return history;
  }

  /** Adds a validation inside an epoch. */
  appendValidation(record: ValidationRecord & Measured<M>): void {
    this.#validations.push(record);
  }

  /** Adds a finished epoch. */
  append(record: EpochRecord & Measured<M>): void {
    this.#epochs.push(record);
  }

  /**
   * One number per epoch; `NaN` where the epoch has no such number, as between two validations.
   *
   * @param key e.g. `valAccuracy`.
   * @throws InvalidArgumentError for a name that no epoch has and none could have had: it says which there are.
   */
  values(key: string): number[] {
    this.#checkKey(key);
    return this.#epochs.map((record) => {
      const value = record[key];
      return typeof value === 'number' ? value : Number.NaN;
    });
  }

  /**
   * Which way a number is better: lower for losses, higher for accuracies, else as its metric says; `undefined`
   * where nothing says it.
   *
   * @param key e.g. `valTop3`.
   */
  better(key: string): Better | undefined {
    return this.#better.get(key);
  }

  /**
   * The epoch with the best value, the earlier one of equals; `undefined` when no epoch has it.
   *
   * @param key e.g. `valAccuracy`.
   * @param mode `max` or `min`; by default as the metric says.
   * @throws InvalidArgumentError for a name that no epoch has and none could have had, and without a `mode` where
   * nothing says which way the number is better.
   */
  best(key: string, mode = modeOf(this.better(key))): { epoch: number; value: number } | undefined {
    this.#checkKey(key);
    if (mode !== 'min' && mode !== 'max')
      throw new InvalidArgumentError(
        'mode',
        `must be 'min' or 'max' for ${key}, of which nothing says which way is better`,
        mode,
      );
    let best: { epoch: number; value: number } | undefined;
    for (const record of this.#epochs) {
      const value = record[key];
      if (typeof value !== 'number' || Number.isNaN(value)) continue;
      if (best === undefined || (mode === 'min' ? value < best.value : value > best.value))
        best = { epoch: record.epoch, value };
    }
    return best;
  }

  /** @throws InvalidArgumentError for a name that is none. Before the first epoch nobody can tell. */
  #checkKey(key: string): void {
    if (this.#epochs.length === 0) return;
    // NaN is null where records were read from a file.
    const isNumber = (value: unknown) => typeof value === 'number' || value === null;
    const measured = this.#epochs.flatMap((record) =>
      Object.keys(record).filter((name) => isNumber(record[name])),
    );
    const names = [...new Set([...fields, ...this.#better.keys(), ...measured])];
    if (names.includes(key)) return;
    const meant = meantNames(key, names).map((name) => `\`${name}\``);
    throw new InvalidArgumentError(
      'key',
      `must be a number of the epochs, ${names.join(', ')}${meant.length === 0 ? '' : ` (did you mean ${meant.join(' or ')}?)`}`,
      key,
    );
  }

  /** The records without `seconds` and `itPerSecond`: the same for two runs that computed the same. */
  withoutTimings(): Omit<EpochRecord, 'seconds' | 'itPerSecond'>[] {
    return this.#epochs.map(({ seconds: _, itPerSecond: __, ...rest }) => rest);
  }

  /** For `JSON.stringify`. */
  toJSON(): HistoryRecords {
    return {
      epochs: this.#epochs,
      validations: this.#validations,
      stopReason: this.stopReason,
      ...(this.stopMessage !== undefined && { stopMessage: this.stopMessage }),
      better: Object.fromEntries(this.#better),
    };
  }
}

/** Names that have one that is none in them, as `trainLoss` and `valLoss` have `loss`, or else the closest. */
function meantNames(key: unknown, names: readonly string[]): string[] {
  if (typeof key !== 'string') return [];
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const asked = plain(key);
  const longer = asked.length < 3 ? [] : names.filter((name) => plain(name).includes(asked));
  return longer.length > 0 ? longer : [closestName(key, names) ?? []].flat();
}

/** `min` where lower is better, `max` where higher is. */
export function modeOf(better: Better | undefined): 'min' | 'max' | undefined {
  return better && (better === 'lower' ? 'min' : 'max');
}
