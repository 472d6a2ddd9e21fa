/** What training on a batch spends its time on. */
export type Phase = 'data' | 'target' | 'step' | 'update' | 'callbacks';

const phases: readonly [Phase, string][] = [
  ['data', 'waiting for the batch'],
  ['target', 'mixing, masks, targets'],
  ['step', 'forward and backward'],
  ['update', 'optimizer and scheduler'],
  ['callbacks', 'metrics and callbacks'],
];

/** Adds up the time of each phase of training. */
export class Profiler {
  readonly #sums = new Map<Phase, number>();
  #batches = 0;
  #last = 0;

  /** Starts a batch. */
  start(): void {
    this.#last = performance.now();
  }

  /** The time since `start` or the last `lap` belongs to `phase`. */
  lap(phase: Phase): void {
    const now = performance.now();
    this.#sums.set(phase, (this.#sums.get(phase) ?? 0) + now - this.#last);
    this.#last = now;
    if (phase === 'step') this.#batches++;
  }

  /** A table for people: milliseconds per batch and share of each phase. */
  toString(): string {
    const total = [...this.#sums.values()].reduce((sum, time) => sum + time, 0);
    const rows = phases.map(([phase, title]) => {
      const time = this.#sums.get(phase) ?? 0;
      return [title, (time / this.#batches).toFixed(3), `${((100 * time) / total).toFixed(1)}%`];
    });
    const table = [
      ['phase', 'ms per batch', 'share'],
      ...rows,
      ['all', (total / this.#batches).toFixed(3), '100.0%'],
    ];
    return table.map(([a, b, c]) => `${a.padEnd(26)}${b.padStart(12)}${c.padStart(9)}`).join('\n');
  }
}
