import { MnistKitError } from '@mnist-kit/core';
import { Output } from './output.js';

/** Exit code after a user's mistake. */
export const USER_MISTAKE = 2;
/** Exit code where stdout did not take the line of `--json`. */
export const RESULT_LOST = 1;

/** Exit code of a run that was cut short: the Trainer has set it by the signal, 130 after Ctrl-C, 143 after SIGTERM. */
export function interruptedCode(): number {
  return Number(process.exitCode ?? 130);
}

/**
 * Runs a program with this process's arguments and makes what it returns the exit code. A user's mistake is explained
 * in one line and ends in code 2; any other error is shown with its stack and ends in code 1.
 */
export async function runProgram(
  main: (argv: readonly string[], output: Output) => Promise<number>,
): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2), new Output());
  } catch (error) {
    const explanation = explain(error);
    console.error(explanation === undefined ? error : `error: ${explanation}`);
    process.exitCode = explanation === undefined ? 1 : USER_MISTAKE;
  }
}

/** What went wrong, for somebody who cannot do anything with a stack trace. */
function explain(error: unknown): string | undefined {
  if (error instanceof MnistKitError) return error.message;
  // The file system said no: a folder that is missing, full or not ours to write to.
  if (error instanceof Error && 'syscall' in error && 'path' in error) return error.message;
  return undefined;
}
