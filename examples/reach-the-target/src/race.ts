import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { integer, plainCommand } from '@mnist-kit/cli/toolkit';
import { DataError } from '@mnist-kit/core';
import { findPython, PYTORCH_ENV, pytorchArguments } from './pytorch-race.js';
import { RECIPES } from './recipes.js';
import { mean, median } from './statistics.js';

/** A program that trains a recipe and prints its `testAccuracy` as the last line of stdout. */
interface Runner {
  name: string;
  command: (recipe: string, seed: number) => { file: string; args: string[]; env?: NodeJS.ProcessEnv };
}

/** What came of one process. */
export interface Finish {
  runner: string;
  recipe: string;
  seed: number;
  /** From the start of the process to its end. */
  seconds: number;
  testAccuracy: number;
}

/** `npm run reach -- race`: wall clock of the race recipes, process start included, with PyTorch in turn. */
export async function race(argv: readonly string[]): Promise<number> {
  const names = Object.keys(RECIPES).filter((name) => name.startsWith('race-'));
  const command = plainCommand('npm run reach -- race')
    .description(
      'Times the race recipes from process start to process end, taking turns with PyTorch if it is here.',
    )
    .option('--first <n>', 'first seed', integer(0, 0xffffffff), 11)
    .option('--seeds <n>', 'how many', integer(1, 100), 5)
    .option('--threads <n>', 'threads of both', integer(1, 64), 2)
    .option('--no-pytorch', 'ours alone');
  command.addOption(command.createOption('--recipe <name>', 'one of the two alone').choices(names));
  command.parse(argv, { from: 'user' });
  const {
    recipe: one,
    first,
    seeds,
    threads,
    pytorch,
  } = command.opts<{
    recipe?: string;
    first: number;
    seeds: number;
    threads: number;
    pytorch: boolean;
  }>();
  const recipes = one === undefined ? names : [one];
  const python = pytorch ? findPython() : undefined;
  if (pytorch && python === undefined)
    console.error(
      'No Python here can import torch and numpy: ours alone. MNIST_KIT_PYTHON names another Python.',
    );
  const runners = [ours(threads), ...(python === undefined ? [] : peers(python, threads))];
  const finishes: Finish[] = [];
  for (let seed = first; seed < first + seeds; seed++)
    for (const recipe of recipes)
      for (const runner of runners) {
        finishes.push(await run(runner, recipe, seed));
        const { seconds, testAccuracy } = finishes[finishes.length - 1];
        console.error(
          `${recipe}, seed ${seed}, ${runner.name}: ${seconds.toFixed(2)} s, ${(testAccuracy * 100).toFixed(2)}%`,
        );
      }
  console.log(raceTable(finishes));
  return 0;
}

function ours(threads: number): Runner {
  const main = fileURLToPath(new URL('main.js', import.meta.url));
  return {
    name: `mnist-kit, Node ${process.versions.node}`,
    command: (recipe, seed) => ({
      file: process.execPath,
      args: [...process.execArgv, main, recipe, '--seed', `${seed}`, '--threads', `${threads}`, '--json'],
    }),
  };
}

function peers(python: string, threads: number): Runner[] {
  return [false, true].map((channelsLast) => ({
    name: channelsLast ? 'PyTorch, channels last' : 'PyTorch, NCHW',
    command: (recipe, seed) => ({
      file: python,
      args: pytorchArguments({ recipe: RECIPES[recipe], seed, threads, channelsLast }),
      env: PYTORCH_ENV,
    }),
  }));
}

async function run({ name, command }: Runner, recipe: string, seed: number): Promise<Finish> {
  const { file, args, env } = command(recipe, seed);
  const started = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text) => {
      said[stream] += text;
    });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', (status) => resolve(status)),
  );
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new DataError(`${name} ended with code ${code}: ${said.stderr.trim().slice(-500)}`);
  const { testAccuracy } = JSON.parse(said.stdout.trim().split('\n').at(-1) as string);
  return { runner: name, recipe, seed, seconds, testAccuracy };
}

/** A row for each recipe and runner, as a table of Markdown. */
export function raceTable(finishes: readonly Finish[]): string {
  const keys = [...new Set(finishes.map(({ recipe, runner }) => JSON.stringify([recipe, runner])))];
  const rows = keys.sort().map((key) => {
    const [recipe, runner] = JSON.parse(key);
    const own = finishes.filter((finish) => finish.recipe === recipe && finish.runner === runner);
    const seconds = own.map((finish) => finish.seconds);
    const accuracy = mean(own.map(({ testAccuracy }) => testAccuracy));
    const each = seconds.map((value) => value.toFixed(2)).join(', ');
    return `| \`${recipe}\` | ${runner} | ${mean(seconds).toFixed(2)} | ${median(seconds).toFixed(2)} | ${each} | ${(accuracy * 100).toFixed(3)} |`;
  });
  return [
    '| recipe | runner | seconds, mean | median | each seed | test accuracy, mean, % |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
