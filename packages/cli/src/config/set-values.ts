import { InvalidArgumentError } from '@mnist-kit/core';
import { parse } from 'yaml';
import { configSchema } from './schema.js';

/**
 * One field that the command line sets.
 *
 * @example
 * ```ts
 * import { readConfig, type Setting } from '@mnist-kit/cli';
 *
 * const setting: Setting = { path: 'optimizer.kind', value: 'Muon', option: '--optimizer' };
 * const config = await readConfig({ settings: [setting] });
 * console.log(config.optimizer.kind === 'Muon'); // true
 * ```
 */
export interface Setting {
  /** `optimizer.lr`, `augmentation.0.degrees`. */
  readonly path: string;
  readonly value: unknown;
  /** The option that said so, for messages: `--lr`. */
  readonly option: string;
}

/**
 * Reads `a.b=value` as `--set` takes it; the value is YAML: `0.1`, `true`, `null`, `[8, 16]`, `{ norm: 1 }`.
 *
 * @throws InvalidArgumentError for text that is none.
 *
 * @example
 * ```ts
 * import { parseSetting } from '@mnist-kit/cli';
 *
 * parseSetting('optimizer.lr=0.01'); // { path: 'optimizer.lr', value: 0.01, option: '--set optimizer.lr' }
 * ```
 */
export function parseSetting(text: string): Setting {
  const at = text.indexOf('=');
  const path = text.slice(0, at).trim();
  if (at < 1 || path.split('.').some((key) => key === ''))
    throw new InvalidArgumentError('--set', 'must be field=value, such as optimizer.lr=0.01', text);
  try {
    return { path, value: parse(text.slice(at + 1)), option: `--set ${path}` };
  } catch {
    throw new InvalidArgumentError('--set', 'must have a value of YAML behind the =', text);
  }
}

/**
 * A copy of a config with some fields set. Where the config has no such part, the part of the defaults is what is
 * changed; a part of another kind begins with nothing but its kind.
 *
 * @throws InvalidArgumentError for a path that leads through something that has no fields, and for a field that is set
 * twice.
 */
export function applySettings(config: unknown, settings: readonly Setting[]): unknown {
  const copy = structuredClone(config ?? {}) as Record<string, unknown>;
  if (typeof copy !== 'object' || Array.isArray(copy)) return copy;
  const defaults = structuredClone(configSchema.parse({})) as Record<string, unknown>;
  const seen = new Map<string, Setting>();
  for (const setting of settings) {
    const before = seen.get(setting.path);
    if (before !== undefined && JSON.stringify(before.value) !== JSON.stringify(setting.value))
      throw new InvalidArgumentError(setting.option, `must not set ${setting.path} again`, setting.value);
    seen.set(setting.path, setting);
  }
  // Kinds first: the fields belong to the new kind, whatever the order of the options.
  const isKind = ({ path }: Setting) => path.endsWith('.kind');
  const ordered = [...settings.filter(isKind), ...settings.filter((one) => !isKind(one))];
  for (const setting of ordered) put(copy, defaults, setting);
  return copy;
}

function put(config: Record<string, unknown>, defaults: Record<string, unknown>, setting: Setting): void {
  const keys = setting.path.split('.');
  const last = keys.pop() as string;
  if (keys.length > 0 && config[keys[0]] === undefined) config[keys[0]] = defaults[keys[0]];
  let place = config;
  for (const [depth, key] of keys.entries()) {
    const next = Object.hasOwn(place, key) ? place[key] : undefined;
    // Any other field of a part that is not there needs its kind, which the schema then asks for.
    if (next === undefined || next === null) place[key] = {};
    else if (typeof next !== 'object')
      throw new InvalidArgumentError(
        setting.option,
        `must name a field: ${keys.slice(0, depth + 1).join('.')} is ${JSON.stringify(next)} and has none`,
        setting.value,
      );
    place = place[key] as Record<string, unknown>;
  }
  if (last === 'kind' && place.kind !== setting.value)
    for (const key of Object.keys(place)) delete place[key];
  place[last] = setting.value;
}
