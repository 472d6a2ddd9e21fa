import { InvalidArgumentError } from '@mnist-kit/core';
import { platform } from '#trainer/platform';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord } from '../history.js';

const { paths, storage } = platform;

/**
 * Options of {@link CsvLogger}.
 *
 * @example
 * ```ts
 * import { CsvLogger, type CsvLoggerOptions } from '@mnist-kit/trainer';
 *
 * const options: CsvLoggerOptions = { path: 'runs/first/history.csv' };
 * const callbacks = [new CsvLogger(options)];
 * ```
 */
export interface CsvLoggerOptions {
  /** The file, e.g. `runs/first/history.csv`. Its folder is created. */
  path: string;
}

/**
 * Keeps a CSV file with one row per finished epoch and one column per number of the record.
 *
 * The file is written anew after every epoch, whole or not at all. A fit from the start sets the one of an earlier
 * fit aside, in `previous-1` and so on beside it.
 *
 * @throws InvalidArgumentError without a path; EngineError if it cannot be written, at the start of a fit or when the
 * disk is full: it ends the fit, and the rows so far stay.
 * @example
 * ```ts
 * import { CsvLogger } from '@mnist-kit/trainer';
 *
 * const callbacks = [new CsvLogger({ path: 'runs/first/history.csv' })];
 * ```
 */
export class CsvLogger implements Callback {
  readonly name = 'CsvLogger';
  readonly writesFiles = true;
  readonly #path: string;

  constructor(options: CsvLoggerOptions) {
    const { path } = closedOptions('CsvLogger', options, { path: true });
    if (typeof path !== 'string' || path === '')
      throw new InvalidArgumentError('path', 'must be the name of a file', path);
    this.#path = path;
  }

  async onFitStart(run: Run): Promise<void> {
    const folder = paths.dirname(this.#path);
    await storage.makeFolder(folder);
    if (run.step === 0) run.replaces(folder, [paths.basename(this.#path)]);
  }

  async onEpochEnd(run: Run): Promise<void> {
    await storage.write(this.#path, toCsv(run.history.epochs));
  }
}

function toCsv(records: readonly EpochRecord[]): string {
  const columns = [
    ...new Set(
      records.flatMap((record) => Object.keys(record).filter((key) => typeof record[key] === 'number')),
    ),
  ];
  const rows = records.map((record) => columns.map((column) => record[column] ?? '').join(','));
  return `${[columns.join(','), ...rows].join('\n')}\n`;
}
