import { InvalidArgumentError } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { interruptedCode, OK } from '../command-line/exit-codes.js';
import { configMaker, readDocument } from '../config/read-config.js';
import type { Config } from '../config/schema.js';
import { parseSetting } from '../config/set-values.js';
import { checkSpace } from '../sweep/space.js';

/** What the command line of `sweep` says. */
export interface SweepFlags {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly out: string;
  readonly threads?: number;
}

/** `mnist-kit sweep SPACE`. */
export async function sweep(
  spaceFile: string,
  { config: file, set = [], out, threads }: SweepFlags,
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
  return { result: { results, interrupted }, code: interrupted ? interruptedCode() : OK };
}

/** Fields that change nothing about the outcome of a trial. */
const beside = ['$schema', 'out', 'test', 'report', 'jsonl', 'tensorBoard', 'checkpoint', 'threads'];

function keyOf(config: Config, seed: number): string {
  return JSON.stringify({ ...config, seed }, (name, value) => (beside.includes(name) ? undefined : value));
}
