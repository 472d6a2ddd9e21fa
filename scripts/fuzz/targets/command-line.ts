import { InvalidArgumentError } from '@mnist-kit/core';
import { parseOptions } from '../../../examples/reproduce-notebook/src/options.js';
import { law, type Target } from '../target.js';

/** The end of the process that a bad command line asks for. */
class Exit extends Error {
  readonly code: unknown;

  constructor(code: unknown) {
    super(`exit ${code}`);
    this.code = code;
  }
}

const names = [
  'experiment',
  'epochs',
  'train-samples',
  'eval-samples',
  'seed',
  'split-seed',
  'engine',
  'threads',
  'out',
  'root',
];

/** The example's arguments, one a line. */
export const commandLine: Target = {
  name: 'command-line',
  seeds: () =>
    [
      ['--experiment', 'all', '--epochs', '3', '--json'],
      ['--train-samples', '1000', '--seed', '7', '--split-seed=4'],
      ['--engine', 'eager', '--threads', '2', '--out', 'runs/a', '--root', 'data'],
      ['--help'],
      [],
    ].map((lines) => new TextEncoder().encode(lines.join('\n'))),
  tokens: [
    ...names.flatMap((name) => [`--${name}`, `\n--${name}\n`, `--no-${name}`, `--${name}=`]),
    ...[
      '-h',
      '--',
      '-',
      '-1',
      '0',
      '1e3',
      '0x10',
      '4294967295',
      '4294967296',
      '٣',
      '１',
      '',
      'all',
      'plan',
      '--json',
    ],
  ],
  run(input) {
    const argv = new TextDecoder().decode(input).split('\n');
    const options = withoutOutput(() => parseOptions(argv));
    const { epochs, trainSamples, seed, splitSeed, threads, experiments } = options;
    law(Number.isInteger(epochs) && epochs >= 1 && epochs <= 10_000, `${epochs} epochs`);
    law(
      trainSamples === null || (Number.isInteger(trainSamples) && trainSamples >= 1),
      `${trainSamples} samples`,
    );
    for (const one of [seed, splitSeed])
      law(Number.isInteger(one) && one >= 0 && one < 2 ** 32, `seed ${one}`);
    law(threads === null || (Number.isInteger(threads) && threads >= 1), `${threads} threads`);
    law(['auto', 'plan', 'eager'].includes(options.engine), `engine ${options.engine}`);
    law(experiments.length > 0, 'no experiment');
    for (const one of experiments) law(options.out(one).startsWith('/'), `out ${options.out(one)}`);
  },
};

/** Ending with a message and the code 2, or 0 after `--help`, is a refusal. */
function withoutOutput<T>(work: () => T): T {
  const { exit } = process;
  const writes = [process.stdout, process.stderr].map((stream) => [stream, stream.write] as const);
  process.exit = (code) => {
    throw new Exit(code);
  };
  for (const [stream] of writes) stream.write = () => true;
  try {
    return work();
  } catch (error) {
    const code = exitCode(error);
    if (code === undefined) throw error;
    law(code === 0 || code === 2, `the code is ${code}`);
    throw new InvalidArgumentError('argv', 'must be options', code);
  } finally {
    process.exit = exit;
    for (const [stream, write] of writes) stream.write = write;
  }
}

/** What a program makes of an error of its command line; undefined for any other. */
function exitCode(error: unknown): unknown {
  if (error instanceof Exit) return error.code;
  const { code, exitCode: own } = error as { code?: unknown; exitCode?: unknown };
  if (typeof code !== 'string' || !code.startsWith('commander.')) return undefined;
  // The programs say 2 for every mistake, whatever commander's own code is.
  return own === 0 ? 0 : 2;
}
