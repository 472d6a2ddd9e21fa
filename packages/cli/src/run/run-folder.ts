import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import type { Callback, EpochRecord, Run, StopReason } from '@mnist-kit/trainer';
import { readConfig } from '../config/read-config.js';
import type { Config } from '../config/schema.js';

/** A run's own config, with every default filled in; `train --config` takes it again. */
export const CONFIG_FILE = 'config.json';
/** What a run came to. */
export const RESULTS_FILE = 'results.json';
/** Plots of a run, each as SVG and PNG. */
const PLOTS = ['curves', 'learning-rate', 'confusion-matrix', 'mistakes'];
/** What a run leaves in its folder beside what the Trainer's callbacks keep there. */
export const RUN_FILES: readonly string[] = [
  ...[CONFIG_FILE, RESULTS_FILE, 'report.html'],
  ...PLOTS.flatMap((name) => [`${name}.svg`, `${name}.png`]),
];

/** What a run came to: `results.json`, and what `train --json` prints. */
export interface RunResults {
  /** What was trained on what. */
  readonly title: string;
  /** Trainable and other parameters. */
  readonly parameters: number;
  readonly trainSamples: number;
  readonly valSamples: number;
  /** What ran the model, e.g. `plan, WebAssembly SIMD, 2 threads`. */
  readonly engine: string;
  /** The epoch whose weights are in `best.safetensors`. */
  readonly best: { readonly epoch: number; readonly value: number; readonly monitor: string } | null;
  /** Of the best weights on the test images; `null` where they were not measured. */
  readonly test: { readonly loss: number; readonly accuracy: number } | null;
  readonly epochs: readonly EpochRecord[];
  readonly stopReason: StopReason;
  readonly stopMessage: string | null;
  readonly seconds: number;
  readonly node: string;
  /** Folder of the run, absolute. */
  readonly out: string;
}

/**
 * Makes the folder and tries it, so that twenty epochs do not end at a file that cannot be written.
 *
 * @throws InvalidArgumentError where nothing can be written there.
 */
export async function prepareFolder(folder: string, option = '--out'): Promise<void> {
  const probe = join(folder, `.write-test-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(option, `must be a folder that can be written to (${reason})`, folder);
  }
}

/** Keeps the config of a fit in its folder, where nothing of an earlier fit stays. */
export class ConfigKeeper implements Callback {
  readonly name = 'ConfigKeeper';
  readonly writesFiles = true;
  readonly #out: string;
  readonly #config: Config;
  #written = false;

  constructor(out: string, config: Config) {
    this.#out = out;
    this.#config = config;
  }

  onFitStart(run: Run): void {
    this.#written = false;
    if (run.step === 0) run.replaces(this.#out, RUN_FILES);
  }

  /** What an earlier fit left has been moved by now. */
  async onEpochStart(): Promise<void> {
    if (this.#written) return;
    this.#written = true;
    await writeFileAtomic(join(this.#out, CONFIG_FILE), formatConfig({ ...this.#config, out: '.' }));
  }
}

/** A config as a file of JSON. */
export function formatConfig(config: Config): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * The config that a run keeps.
 *
 * @throws InvalidArgumentError where the folder is none of a run.
 */
export async function readRunConfig(folder: string, option = '--run'): Promise<Config> {
  const file = join(folder, CONFIG_FILE);
  if (!(await isFile(file)))
    throw new InvalidArgumentError(
      option,
      `must be the folder of a run of \`mnist-kit train\`, with ${CONFIG_FILE}`,
      folder,
    );
  return readConfig({ file });
}

/** The results that a run keeps; `undefined` where there are none, as of one that was killed. */
export async function readResults(folder: string): Promise<RunResults | undefined> {
  const file = join(folder, RESULTS_FILE);
  if (!(await isFile(file))) return undefined;
  let results: RunResults | null;
  try {
    results = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new DataError(`${file} is no file of results (${(error as Error).message}).`);
  }
  if (!isResults(results))
    throw new DataError(
      `${file} is no file of results of \`mnist-kit train\`. Without it the history is read.`,
    );
  return results;
}

/** Whether it has what a report is made of; what an epoch holds, the plots check. */
function isResults(value: RunResults | null): value is RunResults {
  if (typeof value !== 'object' || value === null) return false;
  const { title, epochs, engine, seconds, test } = value;
  const isText = typeof title === 'string' && typeof engine === 'string';
  return isText && typeof seconds === 'number' && Array.isArray(epochs) && typeof test === 'object';
}

/**
 * The newest run in the folder `runs` of the current one.
 *
 * @throws InvalidArgumentError where there is none.
 */
export async function newestRun(option = '--run'): Promise<string> {
  const folder = resolve('runs');
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const run = join(folder, name);
      const weights = await stat(join(run, BEST)).catch(() => stat(join(run, LAST)).catch(() => undefined));
      return weights && (await isFile(join(run, CONFIG_FILE))) ? { run, time: weights.mtimeMs } : undefined;
    }),
  );
  const [newest] = found.filter((one) => one !== undefined).sort((a, b) => b.time - a.time);
  if (newest !== undefined) return newest.run;
  throw new InvalidArgumentError(
    option,
    'must say where the trained model is, for there is no run in the folder `runs` here: `mnist-kit train` makes one',
    undefined,
  );
}

/** Weights of the best epoch, and of the last. */
export const BEST = 'best.safetensors';
export const LAST = 'last.safetensors';

/** Whether a path is one of a file. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** The folder of a file. */
export const folderOf = (path: string): string => dirname(resolve(path));
