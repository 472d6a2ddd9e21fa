import type { Argument, Command, Option } from 'commander';

/** What may stand behind an option, or as an argument. */
export type Value = readonly string[] | 'file' | 'folder' | 'other';

/** An option as shells are told of it. */
export interface CompletedOption {
  /** `-c` and `--config`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What it takes; `undefined` where it takes nothing. */
  readonly value: Value | undefined;
}

/** A command as shells are told of it. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** What its arguments are; `undefined` where it has none. */
  readonly argument: Value | undefined;
}

/** The commands of a program with their options, as `--help` lists them. */
export function commandTree(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  return help
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map((command) => ({
      name: command.name(),
      description: command.description(),
      options: help.visibleOptions(command).map(describeOption),
      argument: command.registeredArguments.map(valueOfArgument)[0],
    }));
}

function describeOption(option: Option): CompletedOption {
  const takes = option.required || option.optional;
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    value: takes ? (option.argChoices ?? kindOf(option.flags)) : undefined,
  };
}

function valueOfArgument(argument: Argument): Value {
  return argument.argChoices ?? kindOf(argument.name());
}

/** By what the placeholder says: `<file>`, `<dir>`. */
function kindOf(text: string): Value {
  if (/file|path|which/.test(text)) return 'file';
  return /dir|folder|run/.test(text) ? 'folder' : 'other';
}

/** Words that no shell reads as anything but words. */
export function checkPlain(words: readonly string[]): string {
  const odd = words.find((word) => !/^[\w.-]+$/.test(word));
  if (odd !== undefined) throw new Error(`No word to complete: ${odd}`);
  return words.join(' ');
}
