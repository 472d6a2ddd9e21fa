import { type CompletedCommand, type CompletedOption, checkPlain, type Value } from './tree.js';

/** A script for fish. */
export function fishScript(name: string, commands: readonly CompletedCommand[]): string {
  const lines = [`# fish completion of ${name}`, `complete -c ${name} -e`];
  for (const { name: command, description, options, argument } of commands) {
    lines.push(`complete -c ${name} -n __fish_use_subcommand -f -a ${command} -d ${quote(description)}`);
    const seen = `complete -c ${name} -n '__fish_seen_subcommand_from ${command}'`;
    for (const option of options) lines.push(`${seen} ${optionOf(option)}`);
    if (argument !== 'file') lines.push(`${seen} -f${candidates(argument)}`);
  }
  return `${lines.join('\n')}\n`;
}

function optionOf({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const takes = value === undefined ? '' : value === 'file' ? ' -r -F' : ` -x${candidates(value)}`;
  return `${names.join(' ')}${takes} -d ${quote(description)}`;
}

function candidates(value: Value | undefined): string {
  if (Array.isArray(value)) return ` -a '${checkPlain(value)}'`;
  return value === 'folder' ? " -a '(__fish_complete_directories)'" : '';
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
