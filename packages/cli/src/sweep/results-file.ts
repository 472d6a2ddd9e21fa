import { appendFile, mkdir, readFile, realpath, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { lockFile } from '@mnist-kit/core/node';
import type { Changes } from './space.js';

/** One training of a sweep: a line of its results file. */
export interface TrialResult {
  readonly changes: Changes;
  readonly seed: number;
  readonly epochs: number;
  /** Everything that decides the outcome, so that another space's results are never taken for this one's. */
  readonly key: string;
  readonly parameters: number;
  /** Fraction of 1, and mean cross-entropy (NaN is null in JSON); absent where the trial was refused. */
  readonly valAccuracy?: number;
  readonly valLoss?: number | null;
  readonly trainAccuracy?: number;
  readonly seconds?: number;
  /** Why the trial was not trained. */
  readonly refused?: string;
}

/** Makes the file where there is none, so that one that cannot be written is found before anything is trained. */
export async function prepareFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, '');
}

/**
 * Takes the file for one sweep: two would train the same trials, and each would cut off what the other is writing.
 *
 * @returns A function that gives it back.
 * @throws InvalidArgumentError that names the process which has it.
 */
export async function lockResults(path: string): Promise<() => Promise<void>> {
  // A file may have several names.
  const lock = `${await realpath(path)}.lock`;
  return lockFile(lock, ({ here, pid }) => {
    const by = here
      ? 'another sweep of this process'
      : pid === undefined
        ? 'another process'
        : `process ${pid}`;
    const advice = here ? '' : `, or delete ${lock} if that process is no sweep`;
    return new InvalidArgumentError(
      'out',
      `must be a file of this sweep alone, and ${by} is writing its results there. Wait for it${advice}`,
      path,
    );
  });
}

/**
 * The results that a file holds. A last line that was cut off, as a killed process leaves it, is removed.
 *
 * @throws DataError for any other line that is no result.
 */
export async function readResults(path: string): Promise<TrialResult[]> {
  const text = await readFile(path, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) await truncate(path, Buffer.byteLength(text.slice(0, end)));
  return text
    .slice(0, end)
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [parse(line, path, index + 1)]));
}

/** Adds a result to the file. */
export async function appendResult(path: string, result: TrialResult): Promise<void> {
  await appendFile(path, `${JSON.stringify(result)}\n`);
}

function parse(line: string, path: string, number: number): TrialResult {
  let value: Partial<TrialResult> | null = null;
  try {
    value = JSON.parse(line);
  } catch {
    // Said below.
  }
  if (typeof value?.key === 'string' && typeof value.epochs === 'number') return value as TrialResult;
  throw new DataError(`Line ${number} of ${path} is no result of a sweep. Received: ${line.slice(0, 80)}`);
}
