import { InvalidArgumentError } from '@mnist-kit/core';
import type { Run } from './contracts/run.js';
import { type EpochRecord, modeOf } from './history.js';

/**
 * Checks that epochs will have a number of this name.
 *
 * @throws InvalidArgumentError that lists the names there are.
 */
export function checkMonitor(monitor: string, monitors: readonly string[], argument = 'monitor'): void {
  if (!monitors.includes(monitor))
    throw new InvalidArgumentError(argument, `must be one of ${monitors.join(', ')}`, monitor);
}

/**
 * Whether a monitored number should fall or rise: as `mode` says, or else its metric.
 *
 * @throws InvalidArgumentError if epochs will have no number of this name, or neither says it.
 */
export function monitorMode(
  { monitors, history }: Pick<Run, 'monitors' | 'history'>,
  monitor: string,
  mode: 'min' | 'max' | undefined,
): 'min' | 'max' {
  checkMonitor(monitor, monitors);
  const resolved = mode ?? modeOf(history.better(monitor));
  if (resolved === undefined)
    throw new InvalidArgumentError(
      'monitor',
      "needs a `mode` ('min' or 'max') beside it, or a metric that says `better: 'lower'` or `better: 'higher'`",
      monitor,
    );
  return resolved;
}

/**
 * The monitored number of an epoch; `undefined` for an epoch without validation that has none.
 *
 * @throws InvalidArgumentError if it is not a number.
 */
export function monitored(record: EpochRecord, monitor: string): number | undefined {
  const value = record[monitor];
  if (value === undefined || typeof value === 'number') return value;
  const names = Object.keys(record).filter((key) => typeof record[key] === 'number');
  throw new InvalidArgumentError('monitor', `must name a single number: ${names.join(', ')}`, monitor);
}

/** Whether `value` beats `best` by more than `minDelta`; NaN never does. */
export function improves(
  value: number,
  best: number | undefined,
  mode: 'min' | 'max',
  minDelta = 0,
): boolean {
  if (Number.isNaN(value)) return false;
  if (best === undefined) return true;
  return mode === 'min' ? value < best - minDelta : value > best + minDelta;
}
