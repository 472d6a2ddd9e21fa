/** Points that are kept of a curve; with more, neighbours are averaged. */
const MOST = 1200;

/** A curve as it is saved. */
export interface SeriesData {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** A curve over optimizer steps that stays short however long the training is. */
export class Series {
  readonly #most: number;
  steps: number[] = [];
  values: number[] = [];

  constructor(most = MOST) {
    this.#most = most;
  }

  get last(): number | undefined {
    return this.values.at(-1);
  }

  add(step: number, value: number): void {
    this.steps.push(step);
    this.values.push(value);
    if (this.steps.length > this.#most) this.#halve();
  }

  /** Forgets what came behind a step: a training that goes on from an earlier state does those again. */
  cutAfter(step: number): void {
    let length = this.steps.length;
    while (length > 0 && this.steps[length - 1] > step) length--;
    this.steps.length = length;
    this.values.length = length;
  }

  clear(): void {
    this.steps = [];
    this.values = [];
  }

  toJSON(): SeriesData {
    const short = (value: number) => Number(value.toPrecision(5));
    return { steps: this.steps, values: this.values.map(short) };
  }

  load({ steps, values }: SeriesData): void {
    this.steps = [...steps];
    this.values = [...values];
  }

  #halve(): void {
    const { steps, values } = this;
    const half = Math.floor(steps.length / 2);
    const rest = steps.length % 2;
    this.steps = Array.from({ length: half }, (_, i) => steps[2 * i + 1]);
    this.values = Array.from({ length: half }, (_, i) => (values[2 * i] + values[2 * i + 1]) / 2);
    if (rest === 1) {
      this.steps.push(steps[steps.length - 1]);
      this.values.push(values[values.length - 1]);
    }
  }
}

/** A running mean that forgets, by steps and not by points: steps that were merged count for as many. */
export class Smoothed {
  readonly #memory: number;
  #value: number | undefined;
  #step = 0;

  /** @param memory Steps after which a value counts for a third. */
  constructor(memory: number) {
    this.#memory = memory;
  }

  add(step: number, value: number): number {
    const passed = Math.max(1, step - this.#step);
    const keep = Math.exp(-passed / this.#memory);
    this.#value = this.#value === undefined ? value : keep * this.#value + (1 - keep) * value;
    this.#step = step;
    return this.#value;
  }

  reset(): void {
    this.#value = undefined;
    this.#step = 0;
  }
}
