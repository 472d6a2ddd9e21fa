import { Command, InvalidArgumentError, Option } from 'commander';

/**
 * A parser of names of folders. An empty one, as an unset variable of a shell gives, would mean the current folder.
 *
 * @throws commander's InvalidArgumentError.
 *
 * @example
 * ```ts
 * import { folder, plainCommand } from '@mnist-kit/cli/toolkit';
 *
 * const command = plainCommand('npm start --').option('--out <dir>', 'where results go', folder);
 * ```
 */
export function folder(name: string): string {
  if (name.trim() !== '') return name;
  throw new InvalidArgumentError("It must be a folder's name; the current folder is '.'.");
}

/** A parser of names of files. */
export function file(name: string): string {
  if (name.trim() !== '') return name;
  throw new InvalidArgumentError('It must be the name of a file.');
}

/**
 * A parser of names of files that a plot goes to, so that a wrong one is known before hours of work.
 *
 * @throws commander's InvalidArgumentError.
 *
 * @example
 * ```ts
 * import { plainCommand, plotFile } from '@mnist-kit/cli/toolkit';
 *
 * const command = plainCommand('npm start --').option('--plot <file>', '.svg or .png', plotFile);
 * ```
 */
export function plotFile(name: string): string {
  if (/.\.(svg|png)$/i.test(name)) return name;
  throw new InvalidArgumentError('It must be the name of a .svg or .png file.');
}

/**
 * A parser of whole numbers from `min` to `max`, which throws commander's InvalidArgumentError for anything else.
 *
 * @example
 * ```ts
 * import { integer, plainCommand } from '@mnist-kit/cli/toolkit';
 *
 * const command = plainCommand('npm start --').option('--epochs <n>', 'how many', integer(1, 100), 5);
 * ```
 */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** A parser of numbers from `min` to `max`. */
export function decimal(min: number, max = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max && Number.isFinite(value)) return value;
    const upTo = Number.isFinite(max) ? `from ${min} to ${max}` : `of at least ${min}`;
    throw new InvalidArgumentError(`It must be a number ${upTo}.`);
  };
}

/** An option that takes one of some names, in any case. */
export function choice(flags: string, description: string, names: readonly string[]): Option {
  const option = new Option(flags, description).choices(names);
  return option.argParser((text: string) => {
    const name = names.find((one) => one.toLowerCase() === text.toLowerCase());
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`It must be one of ${names.join(', ')}.`);
  });
}

/**
 * `--threads`, which leaves the choice to the engine where it is not given.
 *
 * @example
 * ```ts
 * import { plainCommand, threadsOption } from '@mnist-kit/cli/toolkit';
 *
 * const command = plainCommand('npm start --').addOption(threadsOption());
 * ```
 */
export function threadsOption(): Option {
  return new Option(
    '--threads <n>',
    'threads of the plan (default: the number of cores, at most 8)',
  ).argParser(integer(1, 256));
}

/** Adds the option that every command has. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one line of JSON on stdout, everything else on stderr');
}

/**
 * A command of commander, whose mistakes are thrown as its errors, which `runMain` explains.
 *
 * @param name How users call it, e.g. `npm start --`.
 *
 * @example
 * ```ts
 * import { plainCommand } from '@mnist-kit/cli/toolkit';
 *
 * const command = plainCommand('npm start --').description('Trains a net.').option('--json', 'print JSON');
 * command.parse(['--json'], { from: 'user' });
 * ```
 */
export function plainCommand(name: string): Command {
  return new Command(name)
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(--help lists the options)')
    .exitOverride()
    .allowExcessArguments(false);
}
