import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataError } from '@mnist-kit/core';
import type { EpochRecord } from '@mnist-kit/trainer';
import type { Config } from '../config/schema.js';
import { isFile, type RunResults } from './run-folder.js';

/** The epochs that a run's `history.csv` has: of a run that was killed before it wrote its results. */
export async function readHistory(folder: string, config: Config): Promise<RunResults> {
  const file = join(folder, 'history.csv');
  const epochs = (await isFile(file)) ? parseHistory(await readFile(file, 'utf8'), file) : [];
  const { model, data } = config;
  return {
    title: `${model.kind} on ${data.kind === 'mnist' ? 'MNIST' : 'Fashion-MNIST'}`,
    parameters: 0,
    trainSamples: 0,
    valSamples: data.validation,
    engine: 'not known',
    best: null,
    test: null,
    epochs,
    stopReason: 'interrupted',
    stopMessage: null,
    seconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    node: 'not known',
    out: resolve(folder),
  };
}

function parseHistory(text: string, file: string): EpochRecord[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const columns = header.split(',');
  return lines.map((line, i) => {
    const cells = line.split(',');
    const values = cells.map(Number);
    if (cells.length !== columns.length || values.some(Number.isNaN))
      throw new DataError(`Line ${i + 2} of ${file} is no row of ${columns.length} numbers.`);
    const entries = columns.flatMap((name, c) => (cells[c] === '' ? [] : [[name, values[c]] as const]));
    return Object.fromEntries(entries) as unknown as EpochRecord;
  });
}
