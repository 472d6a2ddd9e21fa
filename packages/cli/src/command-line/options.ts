import { Command, InvalidArgumentError, Option } from 'commander';

/** An empty name, as an unset variable of a shell gives, would mean the current folder. */
export function folder(name: string): string {
  if (name.trim() !== '') return name;
  throw new InvalidArgumentError("It must be a folder's name; the current folder is '.'.");
}

/** A parser of names of files. */
export function file(name: string): string {
  if (name.trim() !== '') return name;
  throw new InvalidArgumentError('It must be the name of a file.');
}

/** A parser of whole numbers from `min` to `max`. */
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

/** `--threads`, which leaves the choice to the engine where it is not given. */
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
 * A command whose mistakes are thrown as commander's errors.
 *
 * @param name How users call it, e.g. `npm start --`.
 */
export function plainCommand(name: string): Command {
  return new Command(name)
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(--help lists the options)')
    .exitOverride()
    .allowExcessArguments(false);
}
