/** One phase of a step as a single thread runs it, in milliseconds. */
export interface Phase {
  /** Each item that threads share out. */
  readonly items: readonly number[];
  /** What one thread does alone afterwards, up to the next phase. */
  readonly alone: number;
}

/** Milliseconds without a look after which nobody knows when a counter changed. */
const LOST = 0.01;

/**
 * The phases of a step, from many steps that a thread watched. A phase's counter rises by one whenever an item is taken, and is
 * put back to 0 at the phase's end. Of every item, and of every pause between two phases, the lower quartile counts, which
 * leaves out what interrupted the plan; where the watcher was interrupted, the change does not count at all.
 *
 * @param events What the watcher noted, {@link Events}.
 */
export function phasesOf(events: Float64Array): Phase[] {
  const phases = new Map<number, Observations>();
  const of = (counter: number): Observations => {
    const known = phases.get(counter) ?? { taken: [], items: [], pauses: [] };
    phases.set(counter, known);
    return known;
  };
  let before: { counter: number; value: number; time: number } | undefined;
  for (let i = 0; i < events.length; i += 4) {
    const [counter, value, time, unseen] = events.subarray(i, i + 4);
    const { taken } = of(counter);
    if (value > 0) taken[value - 1] = (taken[value - 1] ?? 0) + 1;
    if (unseen < LOST && before !== undefined) {
      const { items, pauses } = of(before.counter);
      const lasted = time - before.time;
      if (before.value === 0) {
        if (counter !== before.counter) pauses.push(lasted);
      } else if (counter === before.counter && (value === before.value + 1 || value === 0)) {
        items[before.value - 1] ??= { toNext: [], toEnd: [] };
        items[before.value - 1][value === 0 ? 'toEnd' : 'toNext'].push(lasted);
      }
    }
    before = unseen < LOST ? { counter, value, time } : undefined;
  }
  return [...phases].sort(([a], [b]) => a - b).map(([, seen]) => phaseOf(seen));
}

/** What was seen of one counter. */
interface Observations {
  /** How often each item was seen taken. */
  readonly taken: number[];
  /** How long each lasted, up to the next one and up to the phase's end. */
  readonly items: { toNext: number[]; toEnd: number[] }[];
  readonly pauses: number[];
}

function phaseOf({ taken, items, pauses }: Observations): Phase {
  // The attempt to take one more than there are, right before the end, is hardly ever seen.
  const size = taken.findLastIndex((times) => times > Math.max(...taken.filter(Boolean)) / 4) + 1;
  const lasted = Array.from({ length: size }, (_, n) =>
    lowerQuartile(items[n]?.[n + 1 < size ? 'toNext' : 'toEnd'] ?? []),
  );
  const seen = lasted.filter((time) => !Number.isNaN(time));
  const mean = seen.reduce((sum, time) => sum + time, 0) / Math.max(1, seen.length);
  // What is over before the watcher looks again is among the shortest there are.
  return {
    items: lasted.map((time) => (Number.isNaN(time) ? mean : time)),
    alone: pauses.length > 0 ? lowerQuartile(pauses) : 0,
  };
}

/** NaN where nothing was seen, so that it shows. */
function lowerQuartile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 2] ?? Number.NaN;
}
