import { join, resolve } from 'node:path';
import { DataError } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { isFile, newestRun, prepareFolder, readResults, readRunConfig } from '../run/run-folder.js';

/** What the command line of `report` says. */
export interface ReportFlags {
  readonly out?: string;
  readonly measure?: boolean;
  readonly threads?: number;
}

/** `mnist-kit report [RUN]`. */
export async function report(
  run: string | undefined,
  { out, measure: measures = true, threads }: ReportFlags,
  { print }: Terminal,
): Promise<CommandResult> {
  const folder = run ?? (await newestRun('run'));
  const config = await readRunConfig(folder, 'run');
  const { readHistory } = await import('../run/history-file.js');
  const kept = await readResults(folder);
  const results = kept ?? (await readHistory(folder, config));
  if (results.epochs.length === 0)
    throw new DataError(`${folder} has no finished epoch to report on: its training was ended before.`);
  const target = out ?? folder;
  await prepareFolder(target);
  const [{ writeReport }, { openModel }, { measure }] = await Promise.all([
    import('../run/report.js'),
    import('../run/open-model.js'),
    import('../run/measure.js'),
  ]);
  let tested: Awaited<ReturnType<typeof measure>> | undefined;
  const hasWeights =
    (await isFile(join(folder, 'best.safetensors'))) || (await isFile(join(folder, 'last.safetensors')));
  if (measures && hasWeights) {
    const open = await openModel({ run: folder });
    try {
      tested = await measure(open, { threads });
    } finally {
      open.model.dispose();
    }
  }
  const test = tested === undefined ? results.test : { loss: tested.loss, accuracy: tested.accuracy };
  const path = await writeReport({
    folder: resolve(target),
    config,
    results: { ...results, test },
    tested: tested?.predictions,
  });
  print(`Written to ${path}`);
  return { result: { run: resolve(folder), report: path, test } };
}
