import { MnistKitError } from '@mnist-kit/core';
import type { Json } from './json-edits.js';

/** A parser under test. */
export interface Target {
  readonly name: string;
  /** Valid inputs, from our own writers and the fixtures, and inputs that a generator makes from the seed. */
  seeds(seed: number): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Byte sequences that mean something in the format. */
  readonly tokens: readonly (string | Uint8Array)[];
  /** The JSON in an input, where there is some that may be edited as such, and how to put it back. */
  readonly json?: JsonView;
  /**
   * Parses the input and checks what must hold of what was parsed.
   *
   * @throws MnistKitError when the input is refused, {@link LawError} when a law is broken, anything else for a
   * defect.
   */
  run(input: Uint8Array): void | Promise<void>;
}

/** How an input holds JSON. */
export interface JsonView {
  /** The text; undefined when the input has none. */
  read(input: Uint8Array): string | undefined;
  /** The input with another text. */
  write(input: Uint8Array, text: string): Uint8Array;
}

/** An input that is JSON and nothing else. */
export const wholeJson: JsonView = {
  read: (input) => new TextDecoder().decode(input),
  write: (_, text) => new TextEncoder().encode(text),
};

/** Something that must hold of every parsed input does not. */
export class LawError extends Error {
  override readonly name = 'LawError';
}

export function law(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new LawError(problem);
}

/** What became of an input. */
export interface Outcome {
  readonly kind: 'parsed' | 'refused' | 'defect';
  /** The error, with its stack for a defect. */
  readonly error?: string;
  readonly milliseconds: number;
  /** By how many bytes the process grew beyond its largest size before. */
  readonly growth: number;
}

/** Runs one input. */
export async function judge(target: Target, input: Uint8Array): Promise<Outcome> {
  const before = process.resourceUsage().maxRSS;
  const [start, used] = [performance.now(), process.cpuUsage()];
  const result = await attempt(target, input);
  const { user, system } = process.cpuUsage(used);
  // A machine with other work makes the clock run on while nothing is done.
  const milliseconds = Math.min(performance.now() - start, (user + system) / 1000);
  return { ...result, milliseconds, growth: (process.resourceUsage().maxRSS - before) * 1024 };
}

async function attempt(target: Target, input: Uint8Array): Promise<Pick<Outcome, 'kind' | 'error'>> {
  try {
    await target.run(input);
    return { kind: 'parsed' };
  } catch (error) {
    if (error instanceof MnistKitError) return { kind: 'refused', error: error.message.slice(0, 300) };
    return { kind: 'defect', error: (error instanceof Error ? error.stack : String(error))?.slice(0, 2000) };
  }
}

/**
 * Gives one input to several readers. It counts as parsed when one of them takes it.
 *
 * @throws the first error that is none of ours; else, when all refuse the input, what the last one says.
 */
export async function readEach(...readers: readonly (() => unknown)[]): Promise<void> {
  const refusals: unknown[] = [];
  for (const reader of readers) {
    try {
      await reader();
    } catch (error) {
      if (!(error instanceof MnistKitError)) throw error;
      refusals.push(error);
    }
  }
  if (refusals.length === readers.length) throw refusals.at(-1);
}

export function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
}

export function jsonBytes(value: Json | object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
