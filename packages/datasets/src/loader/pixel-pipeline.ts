import { EngineError, startWorker, type WorkerHandle } from '@mnist-kit/core';
import { jobState, type PixelKernel, type PixelMemory, pixelKernel } from './pixel-kernel.js';

/** The build puts all files of workers into one folder with the code that starts them. */
const file = () => new Worker(new URL('./pixel-loader.worker.js', import.meta.url), { type: 'module' });

/** What became of a worker; apart from the pipeline, so that the worker's listener does not keep that alive. */
interface Fate {
  error?: Error;
}

/** Whether arrays can be shared with another thread here. */
export function canShare(): boolean {
  return typeof SharedArrayBuffer !== 'undefined';
}

// A loader that was dropped without `dispose` would otherwise leave its thread behind.
const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<WorkerHandle>((worker) => void worker.terminate());

/**
 * Carries out one job of pixel work at a time: in a worker when it was started ahead, on the calling thread
 * when the worker has not begun with it by the time it is needed.
 */
export class PixelPipeline {
  readonly memory: PixelMemory;
  readonly #threaded: boolean;
  #fate: Fate = {};
  #kernel: PixelKernel | undefined;
  #worker: WorkerHandle | undefined;

  /**
   * @param memory The arrays; shared ones when `threaded`.
   * @param threaded Whether {@link start} may use a worker.
   */
  constructor(memory: PixelMemory, threaded: boolean) {
    this.memory = memory;
    this.#threaded = threaded && canShare();
  }

  /** Whether a worker of this pipeline still writes for somebody who has gone. */
  get busy(): boolean {
    return Atomics.load(this.memory.control, 0) === jobState.working;
  }

  /** Whether work started ahead runs on another thread. */
  get threaded(): boolean {
    return this.#threaded;
  }

  /**
   * Hands out a job: the slot's rows and operations must be in place.
   *
   * @param ahead Whether another thread shall do it; else `finish` does.
   */
  start(slot: number, count: number, ahead: boolean): void {
    const { control } = this.memory;
    control[1] = slot;
    control[2] = count;
    Atomics.store(control, 0, jobState.pending);
    if (!this.#threaded || !ahead) return;
    this.#worker ??= this.#startWorker();
    Atomics.notify(control, 0);
  }

  /**
   * Sees to it that the job is done. Returns nothing when it is, without a turn of the event loop.
   *
   * @throws EngineError (also as a rejection) when the worker died.
   */
  finish(): Promise<void> | undefined {
    for (let spins = 0; spins < 2000; spins++) if (this.#settle()) return undefined;
    return this.#wait();
  }

  /** Takes back a job that nobody waits for any more. */
  cancel(): void {
    const { control } = this.memory;
    if (Atomics.compareExchange(control, 0, jobState.pending, jobState.idle) === jobState.done)
      Atomics.store(control, 0, jobState.idle);
  }

  /** Ends the worker. A job that it leaves undone is done by the calling thread; a new job starts another. */
  async dispose(): Promise<void> {
    const { control } = this.memory;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#fate = {};
    if (worker === undefined) return;
    forgotten?.unregister(this);
    await worker.terminate();
    Atomics.compareExchange(control, 0, jobState.working, jobState.pending);
  }

  /** Whether the job is done; does it here when nobody has begun with it. */
  #settle(): boolean {
    const { control } = this.memory;
    this.#checkWorker();
    const state = Atomics.load(control, 0);
    if (state === jobState.working) return false;
    if (state === jobState.pending) {
      if (Atomics.compareExchange(control, 0, jobState.pending, jobState.working) !== jobState.pending)
        return false;
      this.#kernel ??= pixelKernel({ workerData: { ...this.memory, serve: false } });
      this.#kernel(control[1], control[2]);
    }
    Atomics.store(control, 0, jobState.idle);
    return true;
  }

  async #wait(): Promise<void> {
    // A timer keeps the process alive and lets the news of a dead worker in; Atomics.waitAsync does neither.
    do await new Promise((resolve) => setTimeout(resolve, 0));
    while (!this.#settle());
  }

  #startWorker(): WorkerHandle {
    const worker = startWorker<PixelMemory>(pixelKernel, { ...this.memory, serve: true }, { file });
    const fate: Fate = {};
    this.#fate = fate;
    worker.onError((error) => {
      fate.error = error;
    });
    worker.unref();
    forgotten?.register(this, worker, this);
    return worker;
  }

  #checkWorker(): void {
    const { error } = this.#fate;
    if (error === undefined) return;
    throw new EngineError(
      `The thread that prepares images for the loader died: ${error.message}. ` +
        'Pass `prefetch: false` to the DataLoader to prepare them on the calling thread.',
      { cause: error },
    );
  }
}
