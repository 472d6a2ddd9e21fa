/** Steps per second over the last so many milliseconds. */
const WINDOW = 3000;
/** A pause between two events that is longer is none of training: a sleeping machine, a first compilation. */
const LONGEST = 30_000;

/** The time that a run has trained, and how fast it is. Pauses do not count. */
export class Clock {
  #seconds = 0;
  #last: number | undefined;
  readonly #marks: { readonly at: number; readonly step: number }[] = [];

  get seconds(): number {
    return this.#seconds;
  }

  /** Training goes on from now. */
  start(now: number): void {
    this.#last = now;
    this.#marks.length = 0;
  }

  /** Training has come to this step. */
  mark(now: number, step: number): void {
    if (this.#last !== undefined) this.#seconds += Math.min(LONGEST, now - this.#last) / 1000;
    this.#last = now;
    this.#marks.push({ at: now, step });
    while (this.#marks.length > 2 && now - this.#marks[0].at > WINDOW) this.#marks.shift();
  }

  /** A validation was in between, which is not training's speed. */
  interrupt(now: number): void {
    if (this.#last !== undefined) this.#seconds += Math.min(LONGEST, now - this.#last) / 1000;
    this.#last = now;
    this.#marks.length = 0;
  }

  stop(): void {
    this.#last = undefined;
    this.#marks.length = 0;
  }

  get itPerSecond(): number | undefined {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 250) return undefined;
    return ((last.step - first.step) * 1000) / (last.at - first.at);
  }

  load(seconds: number): void {
    this.#seconds = seconds;
    this.stop();
  }
}
