import {
  className,
  describeFunction,
  InvalidArgumentError,
  type Setting,
  type Settings,
} from '@mnist-kit/core';
import type { Described, LoaderLike } from '../contracts/parts.js';

/** How a part was set; of one that does not say, its class. */
export function partSettings(part: Described): Record<string, unknown> {
  return { kind: kindOf(part), ...part.settings };
}

/** How a loader was set; of one that does not say, its class and sizes. */
export function loaderSettings(loader: LoaderLike): Settings {
  const { batchSize, length } = loader;
  return plain({ kind: kindOf(loader), ...(loader.settings ?? { batchSize, length }) });
}

/** What a part is called: by itself, or by its class. */
export function kindOf(part: object): string {
  const { kind } = part as { kind?: unknown };
  if (typeof kind === 'string') return kind;
  const name = className(part);
  return name === undefined || name === 'Object' ? 'object' : name;
}

/**
 * A copy as plain JSON, whatever a part of the user's own put in: it goes into checkpoints.
 *
 * @throws InvalidArgumentError for settings that contain themselves.
 */
export function plain(settings: object): Settings {
  const around: object[] = [];
  const visit = (value: unknown, path: string): Setting | undefined => {
    if (value === null || value === undefined) return value;
    if (typeof value === 'function' || value instanceof RegExp) return describeFunction(value);
    if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
    if (typeof value !== 'object') return value as boolean | number | string;
    if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array);
    if (around.includes(value))
      throw new InvalidArgumentError(path, 'must be plain values, and not contain itself', value);
    around.push(value);
    const copy = Array.isArray(value)
      ? value.map((item, i) => visit(item, `${path}[${i}]`) ?? null)
      : entriesOf(value, (item, key) => visit(item, `${path}.${key}`));
    around.pop();
    return copy;
  };
  return visit(settings, 'settings') as Settings;
}

/** TensorFlow.js writes null for what a layer was not given, or leaves it out. */
function entriesOf(value: object, visit: (item: unknown, key: string) => Setting | undefined): Settings {
  const entries = Object.entries(value).map(([key, item]) => [key, visit(item, key)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined && item !== null)) as Settings;
}
