import { availableParallelism } from '@mnist-kit/core';
import type { ExecutorOptions } from '../executor.js';
import { hasRelaxedSimd } from '../wasm/features.js';
import { type Machine, machineOf } from './machine.js';
import { canUseThreads } from './room.js';

/** The most threads that are taken without being asked for. */
const MOST_THREADS = 8;
/** Images that there is room for without being asked for. */
const DEFAULT_BATCH = 128;

/** What a plan's code is written for and runs on. */
export interface PlanSettings {
  readonly capacity: number;
  readonly threads: number;
  /** Whether threads share the memory. */
  readonly shared: boolean;
  readonly machine: Machine;
  readonly relaxedSimd: boolean;
}

/** What options, the runtime and the machine come to. */
export function planSettings(options: ExecutorOptions): PlanSettings {
  const { reproducible = true, batchSize = DEFAULT_BATCH } = options;
  const { threads: wanted = Math.min(MOST_THREADS, availableParallelism()) } = options;
  const threads = canUseThreads() ? wanted : 1;
  return {
    capacity: batchSize,
    threads,
    shared: threads > 1,
    machine: machineOf(128),
    relaxedSimd: !reproducible && hasRelaxedSimd(),
  };
}

/** For people: `plan, WebAssembly SIMD, 2 threads`. */
export function describePlan({ threads, relaxedSimd }: PlanSettings): string {
  const many = threads === 1 ? '1 thread' : `${threads} threads`;
  return `plan, WebAssembly ${relaxedSimd ? 'relaxed SIMD' : 'SIMD'}, ${many}`;
}
