import { formatCompactBlocks, formatPlainBlocks, parseCompactBlocks, parsePlainBlocks } from './net-text.js';
import {
  DATA,
  DEFAULTS,
  FIRST_COMPACT_NET,
  FIRST_CONV_NET,
  LIMITS,
  NETS,
  type NetSettings,
  OPTIMIZERS,
  SCHEDULES,
  type ScheduleSettings,
  type Settings,
} from './settings.js';

/** Settings as they were read, and what in the address could not be taken. */
export interface ReadSettings {
  readonly settings: Settings;
  /** A sentence for each value that was replaced by its default. */
  readonly problems: readonly string[];
}

/** Numbers by their short name, and where they stand. */
const NUMBERS = [
  'samples',
  'lr',
  'weightDecay',
  'labelSmoothing',
  'mixup',
  'averageFrom',
  'epochs',
  'batchSize',
  'seed',
  'validations',
  'threads',
] as const;
const WHOLE: readonly string[] = ['samples', 'epochs', 'batchSize', 'seed', 'validations', 'threads'];
const AUGMENTATIONS = ['rotate', 'shift', 'zoom', 'shear'] as const;

/**
 * Settings as the part of an address behind `#`: what is as the default says is left out.
 *
 * @param prefix Of every name, for a second run: `b.`.
 */
export function toAddress(settings: Settings, prefix = ''): URLSearchParams {
  const out = new URLSearchParams();
  const put = (name: string, value: string | number, usual: string | number) => {
    if (value !== usual) out.set(prefix + name, String(value));
  };
  put('data', settings.data, DEFAULTS.data);
  put('dataUrl', settings.dataUrl, DEFAULTS.dataUrl);
  for (const name of NUMBERS) put(name, settings[name], DEFAULTS[name]);
  for (const name of AUGMENTATIONS) put(name, settings.augmentation[name], DEFAULTS.augmentation[name]);
  put('optimizer', settings.optimizer, DEFAULTS.optimizer);
  putNet(settings.net, put);
  const { schedule } = settings;
  put('schedule', schedule.kind, DEFAULTS.schedule.kind);
  if (schedule.kind === 'oneCycle') {
    put('pctStart', schedule.pctStart, usualCycle.pctStart);
    put('divFactor', schedule.divFactor, usualCycle.divFactor);
  }
  return out;
}

const usualCycle = { pctStart: 0.2, divFactor: 10 };

function putNet(
  net: NetSettings,
  put: (name: string, value: string | number, usual: string | number) => void,
): void {
  put('net', net.kind, DEFAULTS.net.kind);
  if (net.kind === 'convNet') {
    put('blocks', formatPlainBlocks(net.blocks), '');
    put('dropout', net.dropout, 0);
    put('fcDropout', net.fcDropout, 0);
  }
  if (net.kind === 'compactNet') {
    put('blocks', formatCompactBlocks(net.blocks), '');
    put('scale', net.scale ? 'yes' : 'no', 'yes');
  }
}

/** Reads what {@link toAddress} wrote, or what somebody typed: nothing is taken that the page does not offer. */
export function fromAddress(address: URLSearchParams, prefix = ''): ReadSettings {
  const problems: string[] = [];
  const known = new Set<string>();
  const text = (name: string) => {
    known.add(prefix + name);
    return address.get(prefix + name);
  };
  const refuse = (name: string, why: string) => {
    problems.push(
      `${prefix}${name}=${address.get(prefix + name)} in the address ${why}; the usual value is taken.`,
    );
  };
  const oneOf = <T extends string>(name: string, values: readonly T[], usual: T): T => {
    const value = text(name);
    if (value === null) return usual;
    if ((values as readonly string[]).includes(value)) return value as T;
    refuse(name, `is none of ${values.join(', ')}`);
    return usual;
  };
  const number = (name: string, [low, high]: readonly [number, number], usual: number): number => {
    const given = text(name);
    if (given === null) return usual;
    const value = Number(given);
    const fits = given.trim() !== '' && value >= low && value <= high;
    if (fits && (!WHOLE.includes(name) || Number.isInteger(value))) return value;
    refuse(name, `is no ${WHOLE.includes(name) ? 'whole ' : ''}number from ${low} to ${high}`);
    return usual;
  };

  const numbers = Object.fromEntries(
    NUMBERS.map((name) => [name, number(name, LIMITS[name], DEFAULTS[name])]),
  ) as Pick<Settings, (typeof NUMBERS)[number]>;
  const augmentation = Object.fromEntries(
    AUGMENTATIONS.map((name) => [name, number(name, LIMITS[name], DEFAULTS.augmentation[name])]),
  ) as Record<(typeof AUGMENTATIONS)[number], number>;
  const settings: Settings = {
    ...numbers,
    data: oneOf('data', DATA, DEFAULTS.data),
    dataUrl: text('dataUrl') ?? DEFAULTS.dataUrl,
    net: readNet(),
    optimizer: oneOf('optimizer', OPTIMIZERS, DEFAULTS.optimizer),
    schedule: readSchedule(),
    augmentation,
  };
  for (const name of address.keys()) {
    const ours = prefix === '' ? !name.startsWith('b.') : name.startsWith(prefix);
    if (ours && !known.has(name) && name !== 'compare')
      problems.push(`${name} in the address is no setting of this page.`);
  }
  return { settings, problems };

  function readNet(): NetSettings {
    const kind = oneOf('net', NETS, DEFAULTS.net.kind);
    if (kind === 'optimizedNet' || kind === 'improvedNet') return { kind };
    const given = text('blocks');
    if (kind === 'convNet') {
      const blocks = given === null ? undefined : parsePlainBlocks(given);
      const first = FIRST_CONV_NET as NetSettings & { kind: 'convNet' };
      if (given !== null && blocks === undefined) refuse('blocks', 'is no list such as 8-16p-32');
      const dropout = number('dropout', LIMITS.dropout, given === null ? first.dropout : 0);
      const fcDropout = number('fcDropout', LIMITS.dropout, given === null ? first.fcDropout : 0);
      return { kind, blocks: blocks ?? first.blocks, dropout, fcDropout };
    }
    const blocks = given === null ? undefined : parseCompactBlocks(given);
    const first = FIRST_COMPACT_NET as NetSettings & { kind: 'compactNet' };
    if (given !== null && blocks === undefined) refuse('blocks', 'is no list such as c8-m-s16-s16r');
    return { kind, blocks: blocks ?? first.blocks, scale: oneOf('scale', ['yes', 'no'], 'yes') === 'yes' };
  }

  function readSchedule(): ScheduleSettings {
    const kind = oneOf('schedule', SCHEDULES, DEFAULTS.schedule.kind);
    if (kind !== 'oneCycle') return { kind };
    return {
      kind,
      pctStart: number('pctStart', LIMITS.pctStart, usualCycle.pctStart),
      divFactor: number('divFactor', LIMITS.divFactor, usualCycle.divFactor),
    };
  }
}
