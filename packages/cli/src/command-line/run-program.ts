import { makeProgram } from '../program.js';
import type { CommandResult, Terminal } from './command-result.js';
import { FAILED, OK } from './exit-codes.js';
import { explainError } from './explain-error.js';
import { Output } from './output.js';

/**
 * The command `mnist-kit`: reads the arguments, runs the command, and sets the process's exit code. A user's mistake is
 * explained in one line and ends in code 2; any other error is shown with its stack and ends in code 1. With `--json`
 * the last line of stdout is one object, `{ "error": { "type", "message" } }` after an error.
 *
 * @param argv Arguments. Default: those of the process.
 *
 * @example
 * ```ts
 * import { runProgram } from '@mnist-kit/cli';
 *
 * await runProgram(['train', '--print-config']);
 * ```
 */
export async function runProgram(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  process.exitCode = await runCommand(argv, new Output());
}

async function runCommand(argv: readonly string[], output: Output): Promise<number> {
  const json = argv.includes('--json');
  // stdout is for the machine then: whatever the libraries print goes to stderr with the rest.
  if (json) console.log = console.error;
  const terminal: Terminal = {
    json,
    print: (line) => void (json ? process.stderr : process.stdout).write(`${line}\n`),
  };
  let done: CommandResult | undefined;
  const program = makeProgram(terminal, (result) => {
    done = result;
  });
  if (json) program.configureOutput({ writeOut: (text) => void process.stderr.write(text) });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    done = explainError(error);
  }
  const { code = OK, result = {} } = done ?? {};
  // What a training is for are its files; of other commands it is what they print.
  const printed = argv[0] === 'train' || !(await output.lost());
  const delivered = json ? await output.result(JSON.stringify(result)) : printed;
  return code === OK && !delivered ? FAILED : code;
}
