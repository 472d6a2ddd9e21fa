import { InvalidArgumentError } from '@mnist-kit/core';
import type { Better, Metrics } from './metric.js';

/** The numbers of an epoch's record by name, in order, and which way each is better, where that is known. */
export type MeasuredNumbers = ReadonlyMap<string, Better | undefined>;

/** `val`, `top3` gives `valTop3`. */
export function metricKey(prefix: string, name: string): string {
  return prefix + name.charAt(0).toUpperCase() + name.slice(1);
}

/** What the Trainer itself says about an epoch or a validation inside one. */
const fields: readonly (readonly [key: string, better?: Better])[] = [
  ['epoch'],
  ['batch'],
  ['step'],
  ['trainLoss', 'lower'],
  ['trainAccuracy', 'higher'],
  ['lr'],
  ['seconds'],
  ['itPerSecond'],
];

/** Counters, which are no measurements. */
const counters: readonly string[] = ['epoch', 'batch', 'step'];

/**
 * The numbers that the records of a fit will hold.
 *
 * @param loaders Names of the validation loaders.
 * @throws InvalidArgumentError for two of the same name, of which one would replace the other.
 */
export function measuredNumbers(loaders: readonly string[], metrics: Metrics): MeasuredNumbers {
  const measured = new Map<string, Better | undefined>();
  const owners = new Map<string, string>();
  const add = (key: string, better: Better | undefined, argument: string, owner: string) => {
    const other = owners.get(key);
    if (other !== undefined)
      throw new InvalidArgumentError(
        argument,
        `must have another name: its results would replace ${other}`,
        key,
      );
    owners.set(key, owner);
    if (!counters.includes(key)) measured.set(key, better);
  };
  for (const [key, better] of fields) add(key, better, key, 'what the Trainer measures itself');
  for (const loader of loaders) {
    add(`${loader}Loss`, 'lower', `val.${loader}`, `the loss of ${loader}`);
    add(`${loader}Accuracy`, 'higher', `val.${loader}`, `the accuracy of ${loader}`);
    for (const [name, { better }] of Object.entries(metrics))
      add(metricKey(loader, name), better, `metrics.${name}`, `the metric ${name} of ${loader}`);
  }
  return measured;
}
