import type { WorkerScope } from '@mnist-kit/core';

/** What a thread of a plan is given. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  /** Word indices of the control block that a dying worker writes. */
  readonly failedWord: number;
  readonly generationWord: number;
}

/** Runs in the worker; uses nothing from outside itself. */
export function threadMain(scope: WorkerScope<ThreadData>): void {
  const { module, memory, thread, failedWord, generationWord } = scope.workerData;
  try {
    // The leading thread looks after the others.
    const silence = () => {};
    const instance = new WebAssembly.Instance(module, { env: { memory, silence } });
    scope.postMessage('ready');
    (instance.exports.work as (thread: number) => void)(thread);
  } catch (error) {
    const words = new Int32Array(memory.buffer);
    // Another thread failed first, and this one only heard of it.
    if (Atomics.load(words, failedWord) !== 0) return;
    Atomics.store(words, failedWord, thread);
    Atomics.add(words, generationWord, 1);
    Atomics.notify(words, generationWord);
    throw error;
  }
}
