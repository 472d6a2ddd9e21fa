import { availableParallelism } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';

/** What the command line of `bench` says. */
export interface BenchFlags {
  readonly model?: 'optimizedNet' | 'improvedNet' | 'conservativeImprovedNet';
  readonly batchSize?: number;
  /** Seconds of each measurement. */
  readonly seconds?: number;
  readonly threads?: number;
}

/** `mnist-kit bench`. */
export async function bench(
  { model = 'optimizedNet', batchSize = 128, seconds = 3, threads }: BenchFlags,
  { print }: Terminal,
): Promise<CommandResult> {
  const { measureSpeed } = await import('../bench/measure-speed.js');
  const { enableWideVectors } = await import('@mnist-kit/engine');
  enableWideVectors();
  const cores = Math.min(8, availableParallelism());
  const counts =
    threads === undefined ? [...new Set([1, 2, 4, cores].filter((count) => count <= cores))] : [threads];
  print(`${model}, batches of ${batchSize}, ${seconds} s each, medians\n`);
  print('threads   training             inference');
  const rows = [];
  for (const count of counts) {
    const row = await measureSpeed({ model, batchSize, seconds, threads: count });
    rows.push(row);
    print(
      `${String(count).padStart(7)}   ${row.trainMs.toFixed(1).padStart(6)} ms ${row.itPerSecond.toFixed(1).padStart(6)} it/s` +
        `   ${String(Math.round(row.imagesPerSecond)).padStart(8)} images/s   ${row.engine}`,
    );
  }
  return { result: { model, batchSize, node: process.version, arch: process.arch, rows } };
}
