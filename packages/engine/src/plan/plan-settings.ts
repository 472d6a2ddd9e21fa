import { availableParallelism } from '@mnist-kit/core';
import type { ExecutorOptions } from '../executor.js';
import { hasRelaxedSimd } from '../wasm/features.js';
import { type Machine, machineOf } from './machine.js';
import { threadObstacle } from './room.js';
import { chooseVectors } from './vectors/choose-vectors.js';

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
  /** Why its vectors are narrower, or its threads fewer, than might be expected. */
  readonly note?: string;
}

/** What options, the runtime and the machine come to. */
export async function planSettings(options: ExecutorOptions): Promise<PlanSettings> {
  const { reproducible = true, vectors = 'auto', batchSize = DEFAULT_BATCH } = options;
  const { threads: wanted = Math.min(MOST_THREADS, availableParallelism()) } = options;
  const obstacle = wanted > 1 ? threadObstacle() : undefined;
  const threads = obstacle === undefined ? wanted : 1;
  const { bits, note: narrow } = await chooseVectors(vectors);
  const notes = [obstacle, narrow].filter((note) => note !== undefined);
  return {
    capacity: batchSize,
    threads,
    shared: threads > 1,
    machine: machineOf(bits),
    relaxedSimd: !reproducible && hasRelaxedSimd(),
    note: notes.length > 0 ? notes.join('; ') : undefined,
  };
}

/** For people: `plan, WebAssembly SIMD, 2 threads`, or `SIMD of 256 bits`. */
export function describePlan({ threads, machine, relaxedSimd, note }: PlanSettings): string {
  const many = threads === 1 ? '1 thread' : `${threads} threads`;
  const width = machine.bits > 128 ? ` of ${machine.bits} bits` : '';
  return `plan, WebAssembly ${relaxedSimd ? 'relaxed SIMD' : 'SIMD'}${width}, ${many}${note ? ` (${note})` : ''}`;
}
