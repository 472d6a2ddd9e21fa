import type { Setting, Settings } from '@mnist-kit/core';

/** One setting that a checkpoint was saved with, and that the fit which resumes has otherwise. */
export interface Difference {
  /** The part and its setting: `optimizer.lr`. The part alone where there was none, or one of another class. */
  readonly name: string;
  /** Undefined for a part or setting that was not there. */
  readonly saved: Setting | undefined;
  /** Undefined for a part or setting that is not there any more. */
  readonly now: Setting | undefined;
}

/** All settings that differ, in the order of `now`. */
export function differences(saved: Settings, now: Settings): Difference[] {
  const found: Difference[] = [];
  const compare = (name: string, a: Setting | undefined, b: Setting | undefined): void => {
    if (isPart(a) && isPart(b) && a.kind === b.kind) {
      for (const key of new Set([...Object.keys(b), ...Object.keys(a)]))
        compare(name === '' ? key : `${name}.${key}`, get(a, key), get(b, key));
    } else if (!isSame(a, b)) found.push({ name, saved: a, now: b });
  };
  compare('', saved, now);
  return found.filter((difference) => !isFree(difference));
}

/** The name of every part and setting: what an override may say. */
export function namesOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([key, value]) => [
    key,
    ...(isPart(value) ? namesOf(value).map((name) => `${key}.${name}`) : []),
  ]);
}

/** A setting as a message shows it. */
export function show(value: Setting | undefined): string {
  const text = format(value);
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

function format(value: Setting | undefined): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return `[${value.map(format).join(', ')}]`;
  if (!isPart(value)) return String(value);
  const { kind, ...rest } = value;
  const entries = Object.entries(rest).map(([key, item]) => `${key}: ${format(item)}`);
  const braces = entries.length === 0 ? '' : `{ ${entries.join(', ')} }`;
  return [kind === 'object' ? undefined : kind, braces].filter(Boolean).join(' ') || 'object';
}

/** What may come and go without changing what is trained. */
function isFree({ name, saved, now }: Difference): boolean {
  if (saved !== undefined && now !== undefined) return false;
  const part = saved ?? now;
  // A metric only watches, as one that keeps files does; one that stops is a limit like `epochs`, unless it restores weights.
  if (/^(metrics|callbacks\.ModelCheckpoint(#\d+)?)$|^metrics\.[^.]+$/.test(name)) return true;
  return name.startsWith('callbacks.EarlyStopping') && isPart(part) && part.restoreBest === false;
}

function isPart(value: Setting | undefined): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function get(part: Settings, key: string): Setting | undefined {
  return Object.hasOwn(part, key) ? part[key] : undefined;
}

function isSame(a: Setting | undefined, b: Setting | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const [one, other] = [a, b] as unknown as Readonly<Record<string, Setting>>[];
  const keys = Object.keys(one);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}
