import { type Dead, Process } from './process.js';
import type { Outcome } from './target.js';

/** Longest time, in milliseconds, and largest growth, in bytes beyond four times the input, of a harmless input. */
const limits = { milliseconds: 500, growth: 64 * 2 ** 20 };
/** An input that runs alone may take this long before it counts as one that hangs. */
export const alone = 5_000;

/** What is wrong with an input. */
export interface Defect {
  readonly kind: 'defect' | 'slow' | 'memory' | 'death';
  readonly what: string;
}

/** Whether the outcome gives reason to look at the input alone. */
export function suspicious({ kind, milliseconds, growth }: Outcome, input: Uint8Array): boolean {
  return kind === 'defect' || milliseconds > limits.milliseconds || growth > mostGrowth(input);
}

/**
 * Runs an input alone, in a fresh process that has seen valid ones, as often as it takes to be sure: what is
 * slow must be slow three times, for the machine may have other work.
 *
 * @param quick A process to run it in where only defects that can be seen at once are looked for.
 */
export async function examine(
  target: string,
  seed: number,
  input: Uint8Array,
  quick?: Process,
): Promise<Defect | undefined> {
  if (quick !== undefined) {
    const reply = await quick.run({ inputs: [input], guided: false }, alone).catch(() => undefined);
    const outcome = reply?.outcomes[0];
    return outcome?.kind === 'defect' ? { kind: 'defect', what: outcome.error ?? '' } : undefined;
  }
  let fastest = Infinity;
  let smallest = Infinity;
  for (let round = 0; round < 3; round++) {
    const process = await Process.start(target, seed);
    try {
      await process.run({ inputs: process.seeds, guided: false });
      const { outcomes } = await process.run({ inputs: [input], guided: false }, alone);
      const [{ kind, error, milliseconds, growth }] = outcomes;
      if (kind === 'defect') return { kind, what: error ?? '' };
      fastest = Math.min(fastest, milliseconds);
      smallest = Math.min(smallest, growth);
    } catch (error) {
      return { kind: 'death', what: (error as Dead).message };
    } finally {
      process.stop();
    }
    if (fastest <= limits.milliseconds && smallest <= mostGrowth(input)) return undefined;
  }
  if (smallest > mostGrowth(input))
    return { kind: 'memory', what: `${Math.round(smallest / 2 ** 20)} MiB for ${input.length} bytes` };
  return { kind: 'slow', what: `${Math.round(fastest)} ms for ${input.length} bytes` };
}

function mostGrowth(input: Uint8Array): number {
  return limits.growth + 4 * input.length;
}

/** The same for the same defect, whatever input it was found with. */
export function signature({ kind, what }: Defect): string {
  if (kind !== 'defect') return kind;
  const lines = what.split('\n');
  const places = lines.filter((line) => line.trim().startsWith('at '));
  const place = places.find((line) => line.includes('/packages/')) ?? places[0] ?? '';
  // A broken law is told by what it says, anything else by where in our code it happens.
  const name = lines[0].startsWith('LawError')
    ? lines[0].replace(/"[^"]*"|-?\d[\d.e+-]*|NaN|-?Infinity/g, '_')
    : lines[0].split(':')[0];
  return `${name} ${place.trim()}`;
}
