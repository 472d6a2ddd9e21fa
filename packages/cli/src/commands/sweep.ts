import { InvalidArgumentError } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { interruptedCode, OK } from '../command-line/exit-codes.js';
import { configMaker, readDocument } from '../config/read-config.js';
import type { Config } from '../config/schema.js';
import { parseSetting } from '../config/set-values.js';
import type { RankedTrial } from '../sweep/run-sweep.js';
import { checkSpace, type SearchSpace } from '../sweep/space.js';

/** What the command line of `sweep` says. */
export interface SweepFlags {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly out: string;
  /** `.svg` or `.png` file. */
  readonly plot?: string;
  readonly threads?: number;
}

/** `mnist-kit sweep SPACE`. */
export async function sweep(
  spaceFile: string,
  { config: file, set = [], out, plot, threads }: SweepFlags,
  { print }: Terminal,
): Promise<CommandResult> {
  const space = checkSpace(await readDocument(spaceFile, 'space'));
  const makeConfig = await configMaker({ file, settings: set.map(parseSetting) });
  const base = makeConfig();
  if (base.trainer.fastDevRun)
    throw new InvalidArgumentError(
      'trainer.fastDevRun',
      'must be left out of a sweep',
      base.trainer.fastDevRun,
    );
  const [{ runSweep }, { checkTrial, trainTrial }, { sweepTable }] = await Promise.all([
    import('../sweep/run-sweep.js'),
    import('../sweep/train-trial.js'),
    import('../sweep/table.js'),
  ]);
  const { results, interrupted } = await runSweep({
    space,
    base,
    out,
    // From the file's own fields, so that defaults follow what is changed.
    apply: (_, changes) => makeConfig(changes),
    check: checkTrial,
    key: keyOf,
    train: (config, seed) =>
      trainTrial(
        threads === undefined ? config : { ...config, trainer: { ...config.trainer, threads } },
        seed,
      ),
    print,
  });
  if (results.length > 0) print(`\n${sweepTable(results)}`);
  if (plot !== undefined) await savePicture(plot, results, space, print);
  return { result: { results, interrupted }, code: interrupted ? interruptedCode() : OK };
}

/** Draws what there is, also of a sweep that was interrupted. */
async function savePicture(
  path: string,
  results: readonly RankedTrial[],
  space: SearchSpace,
  print: Terminal['print'],
): Promise<void> {
  if (!results.some(({ valAccuracy }) => Number.isFinite(valAccuracy))) {
    print(`No trial has an accuracy yet: ${path} is not written.`);
    return;
  }
  const [{ sweepPlot }, { savePlot }] = await Promise.all([
    import('../sweep/plot.js'),
    import('@mnist-kit/plots/node'),
  ]);
  await savePlot(path, await sweepPlot(results, space, { title: 'Trials' }));
  print(`Plot: ${path}`);
}

/** Fields that change nothing about the outcome of a trial. */
const beside = ['$schema', 'out', 'test', 'report', 'jsonl', 'tensorBoard', 'checkpoint', 'threads'];

function keyOf(config: Config, seed: number): string {
  return JSON.stringify({ ...config, seed }, (name, value) => (beside.includes(name) ? undefined : value));
}
