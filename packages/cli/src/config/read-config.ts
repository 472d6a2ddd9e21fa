import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError } from '@mnist-kit/core';
import { parseDocument } from 'yaml';
import { explainIssue, type Problem } from './explain-issue.js';
import { type Config, configSchema } from './schema.js';
import { applySettings, type Setting } from './set-values.js';

/**
 * Where a config comes from.
 *
 * @example
 * ```ts
 * import { parseSetting, type ReadConfigOptions, readConfig } from '@mnist-kit/cli';
 *
 * const options: ReadConfigOptions = { settings: [parseSetting('optimizer.lr=0.01')] };
 * const config = await readConfig(options);
 * console.log(config.optimizer.lr); // 0.01
 * ```
 */
export interface ReadConfigOptions {
  /** A file of JSON or YAML. Default: none, so that every field has its default. */
  file?: string;
  /** What the command line sets on top. */
  settings?: readonly Setting[];
}

/** Mean and deviation of the training images of each data set. */
const normalization = {
  mnist: { mean: 0.1307, std: 0.3081 },
  fashionMnist: { mean: 0.286, std: 0.353 },
} as const;

/**
 * Reads a config, checks it and fills in its defaults. Paths become absolute: those of a file start where the file is,
 * those of the command line in the current folder.
 *
 * @throws InvalidArgumentError that names every field that is wrong, the file or option that it comes from, and what
 * would be right.
 *
 * @example
 * ```ts
 * import { readConfig } from '@mnist-kit/cli';
 *
 * const config = await readConfig({ settings: [{ path: 'epochs', value: 5, option: '--epochs' }] });
 * console.log(config.optimizer); // { kind: 'Adam', lr: 0.001, weightDecay: 0.0001, decayAll: true }
 * ```
 */
export async function readConfig(options: ReadConfigOptions = {}): Promise<Config> {
  return (await configMaker(options))();
}

/**
 * Reads a config once, to be changed many times: defaults follow what is changed.
 *
 * @returns Makes the config with some fields changed, by their path.
 */
export async function configMaker({
  file,
  settings = [],
}: ReadConfigOptions): Promise<(changes?: Readonly<Record<string, unknown>>) => Config> {
  const given =
    file === undefined ? {} : absolutePaths(await readDocument(file, '--config'), dirname(resolve(file)));
  const cwd = process.cwd();
  const own = settings.map((setting) =>
    pathFields.includes(setting.path) && isName(setting.value)
      ? { ...setting, value: resolve(cwd, setting.value) }
      : setting,
  );
  return (changes = {}) => {
    const more = Object.entries(changes).map(([path, value]) => ({ path, value, option: path }));
    const all = [...own, ...more];
    return complete(applySettings(given, all), { file, settings: all });
  };
}

/** Fields that are paths of files. */
const pathFields = ['data.root', 'data.cacheDir', 'out'];

const isName = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/**
 * Reads a file of JSON or YAML.
 *
 * @param option What named it, for errors.
 */
export async function readDocument(file: string, option: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reasons: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'that is a folder' };
    const reason = reasons[error.code ?? ''] ?? error.message;
    throw new InvalidArgumentError(option, `must be a file of JSON or YAML: ${reason}`, file);
  });
  // Nobody means all defaults by that: a file was lost, or never written.
  if (text.trim() === '')
    throw new InvalidArgumentError(option, 'must be a file of JSON or YAML, and is empty', file);
  try {
    // JSON is YAML.
    const document = parseDocument(text);
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() ?? {};
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0].replace(/:$/, '');
    throw new InvalidArgumentError(option, `must be a file of JSON or YAML: ${reason}`, file);
  }
}

/** The paths of a file, from where the file is. */
function absolutePaths(config: unknown, folder: string): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  const copy = structuredClone(config) as { out?: unknown; data?: Record<string, unknown> };
  if (isName(copy.out)) copy.out = resolve(folder, copy.out);
  if (typeof copy.data === 'object' && copy.data !== null)
    for (const key of ['root', 'cacheDir'])
      if (isName(copy.data[key])) copy.data[key] = resolve(folder, copy.data[key]);
  return copy;
}

function complete(config: unknown, { file, settings = [] }: ReadConfigOptions): Config {
  const { data, error } = configSchema.safeParse(config, { reportInput: true });
  if (error !== undefined) throw refuse(error.issues.flatMap(explainIssue), { file, settings });
  return { ...data, normalize: data.normalize ?? normalization[data.data.kind] };
}

function refuse(
  problems: readonly Problem[],
  { file, settings = [] }: ReadConfigOptions,
): InvalidConfigError {
  const lines = problems.map(({ field, message }) => {
    const from = settings.find(({ path }) => path === field || field.startsWith(`${path}.`));
    if (from?.option.startsWith('--set')) return `\`${field}\` ${message} (--set)`;
    if (from !== undefined) return `\`${from.option}\` ${message}`;
    const name = field === '' ? 'The config' : `\`${field}\``;
    return `${name} ${message}${file === undefined ? '' : ` (in ${file})`}`;
  });
  return new InvalidConfigError(lines);
}

/**
 * A config that cannot be: one line for each field that is wrong.
 *
 * @example
 * ```ts
 * import { InvalidConfigError, readConfig } from '@mnist-kit/cli';
 *
 * try {
 *   await readConfig({ settings: [{ path: 'epochs', value: 0, option: '--epochs' }] });
 * } catch (error) {
 *   if (error instanceof InvalidConfigError) console.log(error.problems.length); // 1
 * }
 * ```
 */
export class InvalidConfigError extends InvalidArgumentError {
  /** One line for each field that is wrong. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('config', '', undefined);
    this.problems = problems;
    this.message = problems.join('\n  ');
  }
}
