import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ChildCommand } from './runner.js';

/** How much of what a child says on stderr is kept for its obituary. */
const KEPT = 2000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  // An interrupted Python ends its loader processes; a killed one leaves them behind for a while.
  for (const child of running) child.kill('SIGINT');
});

/** A process that answers lines of JSON with lines of JSON. */
export class Child {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-KEPT);
    });
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? signal));
      child.on('error', (error) => {
        this.#said += error.message;
        resolve(null);
      });
    });
    // What is written to a child that has died: the missing answer tells.
    child.stdin!.on('error', () => {});
    running.add(child);
    this.#ended.then(() => running.delete(child));
  }

  static start({ file, args, env }: ChildCommand): Child {
    return new Child(spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env } }));
  }

  /**
   * The next answer.
   *
   * @throws Error with what the child said last when it ended instead.
   */
  async answer<T>(): Promise<T> {
    const { done, value } = await this.#answers.next();
    if (!done) return JSON.parse(value) as T;
    throw new Error(`ended with ${await this.#ended}: ${this.#said.trim() || 'it said nothing'}`);
  }

  /** The answer to `question`. */
  ask<T>(question: unknown): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    return this.answer<T>();
  }

  /** Lets the process end, and waits for it. */
  async end(): Promise<void> {
    this.#child.stdin!.end();
    // A loader's own processes may outlive the question of whether anybody wants more.
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(timer);
  }
}
