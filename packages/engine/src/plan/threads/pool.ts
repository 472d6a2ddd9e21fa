import { EngineError, startWorker, type WorkerHandle } from '@mnist-kit/core';
import { control } from '../context.js';
import type { Program } from '../program.js';
import { type ThreadData, threadMain } from './thread-main.js';

/** The build puts all files of workers into one folder with the code that starts them. */
const file = () => new Worker(new URL('./plan-thread.worker.js', import.meta.url), { type: 'module' });

/** What `control.failed` holds when the leading thread failed; a worker leaves its number. */
const LEADER_FAILED = -1;

/**
 * The threads of one plan over one shared memory. The calling thread is one of them: `run` works along and
 * returns when all are done. Between runs the others sleep and do not keep the process alive.
 */
export class ThreadPool {
  readonly memory: WebAssembly.Memory;
  readonly #run: (entry: number) => void;
  readonly #alone: (solo: number) => void;
  readonly #workers: WorkerHandle[] = [];
  readonly #words: Int32Array;
  #failure: Error | undefined;
  #ended: Promise<unknown> | undefined;

  private constructor(
    program: Program,
    readonly threads: number,
    shared: boolean,
  ) {
    this.memory = new WebAssembly.Memory({ initial: program.pages, maximum: program.pages, shared });
    this.#words = new Int32Array(this.memory.buffer);
    this.#words[control.threads / 4] = threads;
    const silence = () => this.#checkWorkers();
    const instance = new WebAssembly.Instance(program.module, { env: { memory: this.memory, silence } });
    this.#run = instance.exports.run as (entry: number) => void;
    this.#alone = instance.exports.alone as (solo: number) => void;
  }

  /**
   * Starts `threads - 1` workers and waits until they are there.
   *
   * @throws EngineError when one does not start.
   */
  static async start(program: Program, threads: number, shared: boolean): Promise<ThreadPool> {
    const pool = new ThreadPool(program, threads, shared);
    try {
      const ready: Promise<void>[] = [];
      for (let thread = 1; thread < threads; thread++) ready.push(pool.#startWorker(program, thread));
      await Promise.all(ready);
    } catch (error) {
      await pool.dispose();
      throw new EngineError(
        `The plan's ${threads} threads did not start: choose fewer, \`threads: 1\` needs none. ${(error as Error).message}`,
        { cause: error },
      );
    }
    for (const worker of pool.#workers) worker.unref();
    return pool;
  }

  #startWorker(program: Program, thread: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const data: ThreadData = {
        module: program.module,
        memory: this.memory,
        thread,
        failedWord: control.failed / 4,
        generationWord: control.generation / 4,
      };
      const worker = startWorker(threadMain, data, { file });
      this.#workers.push(worker);
      worker.onMessage(() => resolve());
      worker.onError((error) => {
        this.#fail(error, thread);
        reject(error);
      });
    });
  }

  /**
   * Runs one entry on all threads.
   *
   * @throws EngineError when a thread failed; the pool is of no use afterwards.
   */
  run(which: number): void {
    this.#call(this.#run, which);
  }

  /**
   * Runs something on the calling thread; the others sleep on.
   *
   * @throws EngineError when a thread failed.
   */
  runAlone(which: number): void {
    this.#call(this.#alone, which);
  }

  #call(work: (which: number) => void, which: number): void {
    if (this.#ended) throw new EngineError('This executor was disposed. Make a new one to go on.');
    if (this.#hasFailed) throw this.#error();
    try {
      work(which);
    } catch (error) {
      this.#fail(error as Error, LEADER_FAILED);
      throw this.#error();
    }
  }

  get #hasFailed(): boolean {
    return Atomics.load(this.#words, control.failed / 4) !== 0;
  }

  /** Called from inside of a run that waits: no event could have told of a worker's end by then. */
  #checkWorkers(): void {
    if (!this.#workers.every((worker) => worker.isRunning()))
      throw new EngineError('A worker thread ended in the middle of a step.');
  }

  /** Whoever waits for the others must learn that they will not come. */
  #fail(error: Error, thread: number): void {
    this.#failure ??= error;
    Atomics.store(this.#words, control.failed / 4, thread);
    Atomics.add(this.#words, control.generation / 4, 1);
    Atomics.notify(this.#words, control.generation / 4);
  }

  #error(): EngineError {
    return new EngineError(
      `A thread of the plan died (${this.#failure?.message ?? 'no message'}). ` +
        'The weights of this step are lost: make a new executor and go on from the last checkpoint.',
      { cause: this.#failure },
    );
  }

  /** Ends the threads; they may be in the middle of something. */
  async dispose(): Promise<void> {
    this.#ended ??= Promise.all(this.#workers.map((worker) => worker.terminate()));
    await this.#ended;
  }
}
