import { InvalidArgumentError } from '@mnist-kit/core';
import type { EpochRecord } from './history.js';

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
