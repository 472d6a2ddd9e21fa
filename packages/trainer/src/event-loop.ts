/** Time in milliseconds that training keeps the event loop waiting: as long as people take for "at once". */
const PATIENCE = 100;

let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

/** Resolves after the event loop went round once: timers, signals, messages and repaints were served. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    // `setTimeout(0)` costs 4 ms in browsers once nested; a message does not.
    if (channel === undefined) {
      channel = new MessageChannel();
      channel.port1.onmessage = () => waiting.shift()?.();
    }
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

/**
 * Lets the event loop run every so often, about 100 ms, so that a loop of synchronous steps leaves room for Ctrl-C,
 * worker messages and a user interface.
 */
export class Breather {
  readonly #patience: number;
  #last = performance.now();

  /** @param patience Milliseconds between two turns. */
  constructor(patience = PATIENCE) {
    this.#patience = patience;
  }

  /** A promise to await when it is time, `undefined` otherwise. */
  breathe(): Promise<void> | undefined {
    const now = performance.now();
    if (now - this.#last < this.#patience) return undefined;
    this.#last = now;
    return nextTurn();
  }
}
