/** Adds up the time between `start` and `stop`. */
export class Stopwatch {
  readonly #now: () => number;
  #sum = 0;
  #started: number | undefined;

  /** @param now Milliseconds on the clock that counts. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds so far. */
  get seconds(): number {
    const running = this.#started === undefined ? 0 : (this.#now() - this.#started) / 1000;
    return this.#sum + running;
  }

  /** Stops, at a given reading. */
  set(seconds: number): void {
    this.#sum = seconds;
    this.#started = undefined;
  }

  start(): void {
    this.#started ??= this.#now();
  }

  stop(): void {
    this.#sum = this.seconds;
    this.#started = undefined;
  }
}
