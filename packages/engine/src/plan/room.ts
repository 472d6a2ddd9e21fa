import { EngineError } from '@mnist-kit/core';
import { PAGE_BYTES } from '../wasm/module-builder.js';
import type { StageGraph } from './graph/stage.js';
import { InferenceSession } from './inference/session.js';
import { PlanMemory } from './memory.js';
import type { Program } from './program.js';
import { ThreadPool } from './threads/pool.js';

/** What an executor has for batches of up to `capacity` images. */
export interface Room {
  readonly capacity: number;
  readonly memory: PlanMemory;
  readonly pool: ThreadPool;
  readonly inference: InferenceSession;
  readonly weight: ArrayBuffer | undefined;
}

/** Memory and threads of a program. They end with `owner`, at the latest when the garbage collector comes to it. */
export async function makeRoom(
  graph: StageGraph,
  program: Program,
  options: { capacity: number; threads: number; shared: boolean },
): Promise<Room> {
  const { capacity, threads, shared } = options;
  const pool = await startPool(program, threads, shared, capacity);
  const memory = new PlanMemory(graph, program, pool.memory);
  const inference = new InferenceSession(graph, memory, pool);
  return { capacity, memory, pool, inference, weight: weightOf(program, threads) };
}

/** Ends the room's threads when the garbage collector comes to `owner`. */
export function endWith(owner: object, { pool }: Room): void {
  forgotten.register(owner, pool, pool);
}

export async function endRoom(room: Room | undefined): Promise<void> {
  if (room === undefined) return;
  forgotten.unregister(room.pool);
  await room.pool.dispose();
}

/**
 * Why threads cannot share memory and wait for each other here, in words; undefined where they can: always in Node, in
 * a browser only on isolated pages, and there in workers, because a page itself must not wait.
 */
export function threadObstacle(): string | undefined {
  if (typeof crossOriginIsolated !== 'undefined' && !crossOriginIsolated)
    return 'the page is not cross-origin isolated';
  if (typeof SharedArrayBuffer === 'undefined') return 'there is no shared memory';
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return undefined;
  } catch {
    return 'a page must not wait for threads, a Worker may';
  }
}

/** About what a thread takes besides the memory that it shares, in bytes. */
const THREAD_BYTES = 8 * 2 ** 20;

/**
 * A buffer as large as what the garbage collector does not count, shared memory and threads, so that it comes to a
 * forgotten executor in time. Never touched, it takes addresses and no memory.
 */
function weightOf({ pages }: Program, threads: number): ArrayBuffer | undefined {
  if (threads === 1) return undefined;
  try {
    return new ArrayBuffer(pages * PAGE_BYTES + (threads - 1) * THREAD_BYTES);
  } catch {
    // Without addresses to spare the collector comes soon enough.
    return undefined;
  }
}

/**
 * Ends the threads of executors that nobody has any more. Until then they keep their memory, which the garbage
 * collector does not see through them.
 */
const forgotten = new FinalizationRegistry<ThreadPool>((pool) => void pool.dispose());

async function startPool(
  program: Program,
  threads: number,
  shared: boolean,
  capacity: number,
): Promise<ThreadPool> {
  try {
    return await ThreadPool.start(program, threads, shared);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const megabytes = Math.round((program.pages * PAGE_BYTES) / 2 ** 20);
    throw new EngineError(
      `The plan needs ${megabytes} MiB for batches of ${capacity}: choose a smaller batch size.`,
      { cause: error },
    );
  }
}
