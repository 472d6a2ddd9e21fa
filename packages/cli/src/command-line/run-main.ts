import { OK } from './exit-codes.js';
import { explainError } from './explain-error.js';
import { Output } from './output.js';

/**
 * Runs a program of one's own as `mnist-kit` is run: what it returns becomes the exit code. A user's mistake, one of this
 * project's errors or one of a command made by `plainCommand`, is explained in one line and ends in code 2; any other
 * error is shown with its stack and ends in code 1.
 *
 * @param main Gets this process's arguments, and stdout as something that may be lost.
 *
 * @example
 * ```ts
 * import { integer, plainCommand, runMain } from '@mnist-kit/cli/toolkit';
 *
 * await runMain(async (argv) => {
 *   const command = plainCommand('npm start --').option('--epochs <n>', 'how many', integer(1, 100), 5);
 *   command.parse(argv, { from: 'user' });
 *   console.log(command.opts().epochs); // 5
 *   return 0;
 * });
 * ```
 */
export async function runMain(
  main: (argv: readonly string[], output: Output) => Promise<number>,
): Promise<void> {
  const output = new Output();
  try {
    process.exitCode = await main(process.argv.slice(2), output);
  } catch (error) {
    process.exitCode = explainError(error).code ?? OK;
  }
}
