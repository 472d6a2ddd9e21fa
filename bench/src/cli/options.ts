import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Vectors } from '../runners/runtimes.js';

/** Options of a benchmark run. */
export interface BenchOptions {
  readonly quick: boolean;
  /** Absolute path. */
  readonly json: string | undefined;
  readonly threads: readonly number[];
  readonly peerThreads: readonly number[];
  /** Absolute paths of Nodes that run the plan too. */
  readonly node: readonly string[];
  readonly vectors: readonly Vectors[];
  /** Whether only what the documents show is measured. */
  readonly readme: boolean;
  readonly rounds: number | undefined;
  readonly only: RegExp;
  readonly epochBatches: number | undefined;
  readonly list: boolean;
}

/** Options of the comparison of loss curves. */
export interface FidelityOptions {
  readonly steps: number;
  readonly seed: number;
  readonly threads: number;
  readonly engine: 'plan' | 'eager';
  /** Absolute folder. */
  readonly out: string;
}

/** What the command line asks for. */
export interface Commands {
  bench(options: BenchOptions): Promise<void>;
  fidelity(options: FidelityOptions): Promise<void>;
  /** Prints the documents' tables from the results in a file. */
  table(options: { file: string; write: boolean; variant?: string }): Promise<void>;
  peers(): Promise<void>;
}

/** Reads the command line and does what it asks for. Ends the process with code 2 where it cannot be read. */
export async function runCommand(argv: readonly string[], commands: Commands): Promise<void> {
  const program = new Command('npm run bench --')
    .description('The same work done by this project and by its peers, in one run, taking turns.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .showHelpAfterError('(--help lists the options)')
    .allowExcessArguments(false)
    .option('--quick', 'a few short rounds: to see that it works, not to quote', false)
    .option('--json <file>', 'write the results as JSON')
    .option('--threads <list>', "numbers of threads of this project's plan", integers, [1, 2])
    .option('--peer-threads <list>', "numbers of threads of PyTorch (default: the plan's largest)", integers)
    .option('--node <list>', 'paths of other Nodes that run the plan too', list, [])
    .option('--vectors <list>', 'auto, 128, 256: bits of vectors that the plan is run with', vectorList, [
      'auto',
    ])
    .option('--readme', 'measure only what the README and docs/engine.md show', false)
    .option('--rounds <n>', 'rounds of every work', integer)
    .option('--only <regex>', 'measure only where `WORK RUNNER` matches, e.g. "128 (plan|pytorch)"', regex)
    .option(
      '--epoch-batches <n>',
      'batches of an epoch that are trained in a round (391: whole epochs)',
      integer,
    )
    .option('--list', 'print what would be measured, and measure nothing', false)
    .action(async ({ json, threads, peerThreads, only, ...rest }) => {
      await commands.bench({
        ...rest,
        threads,
        peerThreads: peerThreads ?? [Math.max(...threads)],
        only: only ?? /(?:)/,
        node: rest.node.map((file: string) => resolve(file)),
        json: json && resolve(json),
      });
    });
  program
    .command('fidelity')
    .description("Trains the notebook's first experiment here and in PyTorch, and compares the losses.")
    .option('--steps <n>', 'training steps', integer, 100)
    .option('--seed <n>', 'torch.manual_seed', seed, 1)
    .option('--threads <n>', 'threads of both', integer, 2)
    .option('--engine <engine>', 'plan or eager', engine, 'plan')
    .option('--out <dir>', 'folder for fidelity.json, .svg and .png', 'runs/fidelity')
    .action(({ out, ...rest }) => commands.fidelity({ ...rest, out: resolve(out) }));
  program
    .command('table')
    .description('Prints the tables of the README and docs/engine.md from the results of a run.')
    .argument('<file>', 'what --json wrote')
    .option('--write', 'put them into the documents', false)
    .option('--variant <name>', "of the plan, as its runners' names end: node24-256 (default: the fastest)")
    .action((file, { write, variant }) =>
      commands.table({ file: resolve(file), write, variant: variant && `-${variant}` }),
    );
  program
    .command('peers')
    .description('Installs the peers that are too large to come with every install: onnxruntime-node.')
    .action(() => commands.peers());
  await program.parseAsync([...argv], { from: 'user' });
}

function integer(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1_000_000) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
}

function seed(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 0xffffffff) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 0 to 4294967295.');
}

function engine(text: string): string {
  if (text === 'plan' || text === 'eager') return text;
  throw new InvalidArgumentError('It must be plan or eager.');
}

/** `1,2,4`, in rising order. */
function integers(text: string): number[] {
  return [...new Set(text.split(',').map(integer))].sort((a, b) => a - b);
}

const list = (text: string): string[] => text.split(',').filter((entry) => entry !== '');

function vectorList(text: string): Vectors[] {
  return list(text).map((width) => {
    if (width === 'auto') return width;
    if (width === '128' || width === '256') return Number(width) as Vectors;
    throw new InvalidArgumentError('They must be auto, 128 or 256.');
  });
}

function regex(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(`It must be a regular expression: ${(error as Error).message}.`);
  }
}
