import { Command, InvalidArgumentError, Option } from 'commander';

/**
 * A command that ends the process where its line cannot be read: code 2 and a message, or 0 after `--help`.
 *
 * @param name How users call it, e.g. `npm start --`.
 */
export function plainCommand(name: string): Command {
  return new Command(name)
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(--help lists the options)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false);
}

/** An empty name, as an unset variable of a shell gives, would mean the current folder. */
export function folder(name: string): string {
  if (name.trim() !== '') return name;
  throw new InvalidArgumentError("It must be a folder's name; the current folder is '.'.");
}

/** A parser of whole numbers from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** `--threads`, which leaves the choice to the engine where it is not given. */
export function threadsOption(): Option {
  return new Option(
    '--threads <n>',
    'threads of the plan (default: the number of cores, at most 8)',
  ).argParser(integer(1, 256));
}
