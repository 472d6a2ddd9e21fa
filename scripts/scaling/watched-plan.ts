import { createPlanExecutor, type DisposableExecutor, type ExecutorOptions } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** `env`, `memory`, a memory with a maximum, as a module imports it. */
const IMPORT = [3, ...Buffer.from('env'), 6, ...Buffer.from('memory'), 2, 1];

/**
 * A plan on one thread whose memory another thread can read. The engine shares a plan's memory only among several threads, so
 * for as long as it compiles, memories are shared and modules ask for shared ones; the code is the same.
 */
export async function createWatchedPlan(
  model: LayersModel,
  options: ExecutorOptions,
): Promise<{ executor: DisposableExecutor; memory: SharedArrayBuffer }> {
  const { Memory, Module } = WebAssembly;
  const shared = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super({ ...descriptor, shared: true });
    }
  };
  const asking = class extends Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      const at = Buffer.from(bytes).indexOf(Buffer.from(IMPORT));
      if (at >= 0) bytes[at + IMPORT.length - 1] = 3;
      super(bytes);
    }
  };
  Object.assign(WebAssembly, { Memory: shared, Module: asking });
  try {
    const executor = await createPlanExecutor(model, { ...options, threads: 1 });
    return { executor, memory: executor.parameters[0].value.buffer as unknown as SharedArrayBuffer };
  } finally {
    Object.assign(WebAssembly, { Memory, Module });
  }
}
