/**
 * stdout and stderr, either of which may be closed or full at any time. That does not end a command, whose files are
 * what counts: lines that nobody takes are dropped.
 *
 * @example
 * ```ts
 * import { Output } from '@mnist-kit/cli/toolkit';
 *
 * const output = new Output();
 * console.log('training …'); // no error if stdout is closed
 * if (!(await output.result('{"testAccuracy":0.9947}'))) process.exitCode = 1;
 * ```
 */
export class Output {
  /** Why stdout takes no more. */
  #lost: NodeJS.ErrnoException | undefined;
  #finished = false;

  /** Listens to both from now on; make one for a process. */
  constructor() {
    process.stdout.on('error', (error) => this.#loseStdout(error));
    process.stderr.on('error', () => {});
  }

  /** The line that `--json` promises; false, and the reason on stderr, where it did not get out. */
  async result(line: string): Promise<boolean> {
    this.#finished = true;
    const error = await new Promise<Error | null | undefined>((resolve) => {
      process.stdout.write(`${line}\n`, resolve);
    });
    if (!error) return true;
    console.error(`error: stdout did not take the result (${(this.#lost ?? error).message})`);
    return false;
  }

  /** Whether something that was printed got lost, but for what nobody waited for, as `head` closes a pipe. */
  async lost(): Promise<boolean> {
    await new Promise((resolve) => process.stdout.write('', resolve));
    return this.#lost !== undefined && this.#lost.code !== 'EPIPE';
  }

  #loseStdout(error: NodeJS.ErrnoException): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    // Who closes a pipe, as `head` does, has seen enough.
    if (error.code !== 'EPIPE' && !this.#finished)
      console.error(`stdout takes no more (${error.message}). What is trained and written to files goes on.`);
  }
}
