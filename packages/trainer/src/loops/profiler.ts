/** What a training step spends its time on. */
export type Phase = 'data' | 'target' | 'step' | 'update' | 'callbacks';

const phases: readonly [Phase, string][] = [
  ['data', 'waiting for the batch'],
  ['target', 'mixing, masks, targets'],
  ['step', 'forward and backward'],
  ['update', 'optimizer and scheduler'],
  ['callbacks', 'metrics and callbacks'],
];

/** Adds up the time of each phase of the training steps. */
export class Profiler {
  readonly #sums = new Map<Phase, number>();
  #steps = 0;
  #last = 0;

  /** Starts a step. */
  start(): void {
    this.#last = performance.now();
    this.#steps++;
  }

  /** The time since `start` or the last `lap` belongs to `phase`. */
  lap(phase: Phase): void {
    const now = performance.now();
    this.#sums.set(phase, (this.#sums.get(phase) ?? 0) + now - this.#last);
    this.#last = now;
  }

  /** A table for people: milliseconds per step and share of each phase. */
  toString(): string {
    const total = [...this.#sums.values()].reduce((sum, time) => sum + time, 0);
    const rows = phases.map(([phase, title]) => {
      const time = this.#sums.get(phase) ?? 0;
      return [title, (time / this.#steps).toFixed(3), `${((100 * time) / total).toFixed(1)}%`];
    });
    const table = [
      ['phase', 'ms per step', 'share'],
      ...rows,
      ['all', (total / this.#steps).toFixed(3), '100.0%'],
    ];
    return table.map(([a, b, c]) => `${a.padEnd(26)}${b.padStart(12)}${c.padStart(9)}`).join('\n');
  }
}
