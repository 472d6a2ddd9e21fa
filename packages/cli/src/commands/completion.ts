import type { Command } from 'commander';
import type { CommandResult } from '../command-line/command-result.js';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { commandTree } from '../completion/tree.js';
import { zshScript } from '../completion/zsh.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** `mnist-kit completion SHELL`: the script, on stdout also with `--json`, where it is a field. */
export function completion(
  shell: keyof typeof scripts,
  program: Command,
  write: (text: string) => void,
): CommandResult {
  const script = scripts[shell](program.name(), commandTree(program));
  write(script);
  return { result: { shell, script } };
}
