import { parentPort, workerData } from 'node:worker_threads';

/** What the watching thread is given. */
export interface WatcherData {
  /** The plan's memory. */
  readonly memory: SharedArrayBuffer;
  /** Word of the first phase's counter, words from one to the next, and how many there are. */
  readonly first: number;
  readonly stride: number;
  readonly count: number;
  /** Not 0 when the watch shall end. */
  readonly stop: Int32Array;
}

/**
 * Changes of counters, one after the other: counter, new value, milliseconds, and how long the watcher had not looked before.
 */
export type Events = Float64Array;

/** Notes when a plan's single thread takes the next item of a phase, without a trace of it in the plan's code. */
function watch({ memory, first, stride, count, stop }: WatcherData): Events {
  const words = new Int32Array(memory);
  const seen = new Int32Array(count);
  const events: number[] = [];
  let looked = performance.now();
  while (stop[0] === 0)
    for (let counter = 0; counter < count; counter++) {
      const value = Atomics.load(words, first + counter * stride);
      const now = performance.now();
      if (value !== seen[counter]) {
        seen[counter] = value;
        events.push(counter, value, now, now - looked);
      }
      looked = now;
    }
  return Float64Array.from(events);
}

parentPort?.postMessage('ready');
parentPort?.postMessage(watch(workerData as WatcherData));
