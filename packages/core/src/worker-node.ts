import type { Worker } from 'node:worker_threads';
import { EngineError } from './errors.js';
import type { WorkerHandle } from './worker-handle.js';
import { writeQuietly } from './write-quietly.js';

// Built-in modules are asked for when they are needed, so that a browser's bundler meets no `node:` import.
const builtin = <T extends 'node:os' | 'node:worker_threads'>(name: T) => process.getBuiltinModule(name);

/** Whether this is Node, or something that offers Node's modules. */
export function inNode(): boolean {
  return typeof process !== 'undefined' && typeof process.getBuiltinModule === 'function';
}

export function parallelismInNode(): number {
  return Math.max(1, builtin('node:os').availableParallelism());
}

const prologue = `
const { parentPort, workerData } = require('node:worker_threads');
main({
  workerData,
  postMessage: (message, transfer) => parentPort.postMessage(message, transfer ?? []),
  onMessage: (listener) => {
    parentPort.removeAllListeners('message');
    parentPort.on('message', listener);
  },
});
`;

/**
 * Shows what a worker prints. Node pipes it, and a pipe listens for the errors of stdout, which keeps `console.log`
 * from passing over them: a program with a worker would end where `head` has seen enough.
 */
function forwardOutput(worker: Worker): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const output = worker[name];
    output.unpipe(process[name]);
    output.on('data', (chunk) => writeQuietly(process[name], chunk));
    output.resume();
  }
}

/** `source` must define `main`. */
export function startInNode(source: string, workerData: unknown): WorkerHandle {
  const { Worker } = builtin('node:worker_threads');
  const worker: Worker = new Worker(source + prologue, {
    eval: true,
    workerData,
    // Loaders and inspectors of the main thread would slow every worker's start and serve nothing there.
    execArgv: [],
  });
  forwardOutput(worker);
  let failure: Error | undefined;
  let ending = false;
  let ended = false;
  const listeners: ((error: Error) => void)[] = [];
  const fail = (error: Error) => {
    if (ending || failure !== undefined) return;
    failure = error;
    for (const listener of listeners) listener(error);
  };
  worker.on('error', fail);
  worker.on('messageerror', fail);
  // The first reading must come while the worker runs: later ones lean on when its event loop started.
  worker.once('message', () => worker.performance?.eventLoopUtilization());
  worker.on('exit', (code) => {
    ended = true;
    if (code !== 0) fail(new EngineError(`A worker thread ended with exit code ${code}.`));
  });
  return {
    postMessage: (message, transfer) =>
      worker.postMessage(message, [...(transfer ?? [])] as Parameters<Worker['postMessage']>[1]),
    onMessage: (listener) => worker.on('message', listener),
    onError: (listener) => {
      listeners.push(listener);
      if (failure !== undefined) listener(failure);
    },
    // A thread that is gone has no event loop, which Node tells by a negative idle time.
    isRunning: () => !ended && !((worker.performance?.eventLoopUtilization().idle ?? 0) < 0),
    terminate: async () => {
      ending = true;
      await worker.terminate();
    },
    unref: () => worker.unref(),
    ref: () => worker.ref(),
  };
}
