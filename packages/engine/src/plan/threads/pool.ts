import { EngineError, startWorker, type WorkerHandle, type WorkerScope } from '@mnist-kit/core';
import { control } from '../context.js';
import { entry, type Program } from '../program.js';

interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  /** Word indices of the control block that a dying worker writes. */
  readonly failedWord: number;
  readonly generationWord: number;
}

/** Runs in the worker; uses nothing from outside itself. */
function workerMain(scope: WorkerScope<WorkerData>): void {
  const { module, memory, thread, failedWord, generationWord } = scope.workerData;
  try {
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    scope.postMessage('ready');
    (instance.exports.work as (thread: number) => void)(thread);
  } catch (error) {
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, failedWord, thread);
    Atomics.add(words, generationWord, 1);
    Atomics.notify(words, generationWord);
    throw error;
  }
}

/**
 * The threads of one plan over one shared memory. The calling thread is one of them: `run` works along and
 * returns when all are done. Between runs the others sleep and do not keep the process alive.
 */
export class ThreadPool {
  readonly memory: WebAssembly.Memory;
  readonly #run: (entry: number) => void;
  readonly #workers: WorkerHandle[] = [];
  readonly #words: Int32Array;
  #failure: Error | undefined;
  #disposed = false;

  private constructor(
    program: Program,
    readonly threads: number,
    shared: boolean,
  ) {
    this.memory = new WebAssembly.Memory({ initial: program.pages, maximum: program.pages, shared });
    this.#words = new Int32Array(this.memory.buffer);
    this.#words[control.threads / 4] = threads;
    const instance = new WebAssembly.Instance(program.module, { env: { memory: this.memory } });
    this.#run = instance.exports.run as (entry: number) => void;
  }

  /** Starts `threads - 1` workers and waits until they are there. */
  static async start(program: Program, threads: number, shared: boolean): Promise<ThreadPool> {
    const pool = new ThreadPool(program, threads, shared);
    const ready: Promise<void>[] = [];
    for (let thread = 1; thread < threads; thread++) ready.push(pool.#startWorker(program, thread));
    await Promise.all(ready);
    for (const worker of pool.#workers) worker.unref();
    return pool;
  }

  #startWorker(program: Program, thread: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = startWorker<WorkerData>(workerMain, {
        module: program.module,
        memory: this.memory,
        thread,
        failedWord: control.failed / 4,
        generationWord: control.generation / 4,
      });
      this.#workers.push(worker);
      worker.onMessage(() => resolve());
      worker.onError((error) => {
        if (this.#disposed) return;
        this.#failure = error;
        // Whoever waits for this thread must learn that it will not come.
        Atomics.store(this.#words, control.failed / 4, thread);
        Atomics.add(this.#words, control.generation / 4, 1);
        Atomics.notify(this.#words, control.generation / 4);
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
    if (this.#disposed) throw new EngineError('This executor was disposed. Make a new one to go on.');
    if (this.#failure || Atomics.load(this.#words, control.failed / 4) !== 0) throw this.#failed();
    try {
      this.#run(which);
    } catch (error) {
      this.#failure ??= error as Error;
      throw this.#failed();
    }
  }

  #failed(): EngineError {
    return new EngineError(
      `A thread of the plan died (${this.#failure?.message ?? 'no message'}). ` +
        'The weights of this step are lost: make a new executor and go on from the last checkpoint.',
      { cause: this.#failure },
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    const healthy = !this.#failure && Atomics.load(this.#words, control.failed / 4) === 0;
    if (healthy && this.threads > 1) this.#run(entry.exit);
    this.#disposed = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
