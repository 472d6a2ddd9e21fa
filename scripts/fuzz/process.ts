import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Hello, Reply, Request } from './messages.js';

/** Far more than any batch takes, on a machine with other work too. */
const patience = 20_000;
const heapMegabytes = 1024;

/** A child that died or did not answer. */
export class Dead extends Error {
  override readonly name = 'Dead';
}

/** A process that runs the inputs of a target. */
export class Process {
  readonly seeds: readonly Uint8Array[];
  readonly #child: ChildProcess;
  readonly #errors: string[];

  private constructor(child: ChildProcess, errors: string[], seeds: readonly Uint8Array[]) {
    this.#child = child;
    this.#errors = errors;
    this.seeds = seeds;
  }

  static async start(target: string, seed: number): Promise<Process> {
    const child = fork(join(import.meta.dirname, 'child.mjs'), [target, String(seed)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--enable-source-maps', `--max-old-space-size=${heapMegabytes}`],
    });
    const errors: string[] = [];
    child.stderr?.on('data', (text) => {
      errors.push(String(text));
      if (errors.length > 50) errors.shift();
    });
    const { seeds } = await answer<Hello>(child, errors, patience);
    return new Process(child, errors, seeds);
  }

  /** @throws Dead when the process dies or takes more than `milliseconds`. */
  async run(request: Request, milliseconds = patience): Promise<Reply> {
    const reply = answer<Reply>(this.#child, this.#errors, milliseconds);
    this.#child.send(request, () => {});
    return reply;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

async function answer<T>(child: ChildProcess, errors: readonly string[], milliseconds: number): Promise<T> {
  const done = new AbortController();
  const { signal } = done;
  const timer = setTimeout(() => {
    done.abort(new Dead(`it did not end within ${milliseconds / 1000} s`));
    child.kill('SIGKILL');
  }, milliseconds);
  const died = once(child, 'exit', { signal }).then(([code, killer]) => {
    throw new Dead(`the process ended with ${killer ?? `code ${code}`}: ${errors.join('').slice(-1500)}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), died]);
    return message as T;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    done.abort();
    died.catch(() => {});
  }
}
