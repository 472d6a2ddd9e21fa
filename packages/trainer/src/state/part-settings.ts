import { describeFunction, type Setting, type Settings } from '@mnist-kit/core';
import type { Described, LoaderLike } from '../contracts/parts.js';

/** How a part was set; of one that does not say, its class. */
export function partSettings(part: Described): Record<string, unknown> {
  return { kind: className(part), ...part.settings };
}

/** How a loader was set; of one that does not say, its class and sizes. */
export function loaderSettings(loader: LoaderLike): Settings {
  const { batchSize, length } = loader;
  return plain({ kind: className(loader), ...(loader.settings ?? { batchSize, length }) });
}

/** What a part is called: by itself, or by its class. */
export function className(part: object): string {
  const { kind } = part as { kind?: unknown };
  if (typeof kind === 'string') return kind;
  // Bundlers put a bar before the name of a class that speaks of itself.
  const name = part.constructor?.name.replace(/^_+/, '');
  return name === undefined || name === 'Object' ? 'object' : name;
}

/** A copy as plain JSON, whatever a part of the user's own put in: it goes into checkpoints. */
export function plain(settings: object): Settings {
  const visit = (value: unknown): Setting | undefined => {
    if (value === null || value === undefined) return value;
    if (typeof value === 'function' || value instanceof RegExp) return describeFunction(value);
    if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
    if (typeof value !== 'object') return value as boolean | number | string;
    if (Array.isArray(value)) return value.map((item) => visit(item) ?? null);
    if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array);
    const entries = Object.entries(value).map(([key, item]) => [key, visit(item)] as const);
    // TensorFlow.js writes null for what a layer was not given, or leaves it out.
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined && item !== null));
  };
  return visit(settings) as Settings;
}
