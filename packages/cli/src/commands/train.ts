import { resolve } from 'node:path';
import { InvalidArgumentError } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { interruptedCode, OK } from '../command-line/exit-codes.js';
import { readConfig } from '../config/read-config.js';
import type { Config } from '../config/schema.js';
import { parseSetting, type Setting } from '../config/set-values.js';
import { CONFIG_FILE, formatConfig, isFile } from '../run/run-folder.js';

/** What the command line of `train` says; the options that set a field are in {@link trainFlags}. */
export interface TrainFlags {
  config?: string;
  set?: string[];
  resume?: string;
  override?: string[];
  printConfig?: boolean;
  [flag: string]: unknown;
}

/** Options that set a field of the config, by the name that commander gives them. */
export const trainFlags: Readonly<Record<string, { readonly option: string; readonly path: string }>> = {
  model: { option: '--model', path: 'model.kind' },
  data: { option: '--data', path: 'data.kind' },
  root: { option: '--root', path: 'data.root' },
  trainSamples: { option: '--train-samples', path: 'data.trainSamples' },
  epochs: { option: '--epochs', path: 'epochs' },
  batchSize: { option: '--batch-size', path: 'batchSize' },
  seed: { option: '--seed', path: 'seed' },
  optimizer: { option: '--optimizer', path: 'optimizer.kind' },
  lr: { option: '--lr', path: 'optimizer.lr' },
  weightDecay: { option: '--weight-decay', path: 'optimizer.weightDecay' },
  patience: { option: '--patience', path: 'earlyStopping.patience' },
  target: { option: '--target', path: 'earlyStopping.target' },
  engine: { option: '--engine', path: 'trainer.engine' },
  threads: { option: '--threads', path: 'trainer.threads' },
  out: { option: '--out', path: 'out' },
};

/** `mnist-kit train`. */
export async function train(flags: TrainFlags, terminal: Terminal): Promise<CommandResult> {
  const config = await configOf(flags);
  if (flags.printConfig) {
    if (!terminal.json) terminal.print(formatConfig(config).trimEnd());
    return { result: config };
  }
  // TensorFlow.js takes a moment to load: mistakes in the config are answered without it.
  const { trainConfig } = await import('../training/train.js');
  const { enableWideVectors } = await import('@mnist-kit/engine');
  enableWideVectors();
  const from = flags.resume === undefined ? undefined : 'auto';
  const results = await trainConfig(config, terminal, {
    resume: from && (flags.override === undefined ? from : { from, override: flags.override }),
  });
  return { result: results, code: results.interrupted ? interruptedCode() : OK };
}

/** The config that a command line asks for. */
export async function configOf(flags: TrainFlags): Promise<Config> {
  const settings: Setting[] = Object.entries(trainFlags).flatMap(([name, { option, path }]) =>
    flags[name] === undefined ? [] : [{ path, value: flags[name], option }],
  );
  settings.push(...(flags.set ?? []).map(parseSetting));
  const { resume } = flags;
  if (resume === undefined) {
    if (flags.override !== undefined)
      throw new InvalidArgumentError('--override', 'must come with --resume', flags.override);
    return readConfig({ file: flags.config, settings });
  }
  for (const name of ['config', 'out'])
    if (flags[name] !== undefined)
      throw new InvalidArgumentError(
        `--${name}`,
        'must be left out beside --resume, which goes on with a run as it was set',
        flags[name],
      );
  const file = `${resume}/${CONFIG_FILE}`;
  if (!(await isFile(file)))
    throw new InvalidArgumentError(
      '--resume',
      `must be the folder of a run of \`mnist-kit train\`, with ${CONFIG_FILE}`,
      resume,
    );
  return { ...(await readConfig({ file, settings })), out: resolve(resume) };
}
