/** Adds up the time between `start` and `stop`. */
export class Stopwatch {
  #sum = 0;
  #started: number | undefined;

  /** Seconds so far. */
  get seconds(): number {
    const running = this.#started === undefined ? 0 : (performance.now() - this.#started) / 1000;
    return this.#sum + running;
  }

  /** Stops, at a given reading. */
  set(seconds: number): void {
    this.#sum = seconds;
    this.#started = undefined;
  }

  start(): void {
    this.#started ??= performance.now();
  }

  stop(): void {
    this.#sum = this.seconds;
    this.#started = undefined;
  }
}
