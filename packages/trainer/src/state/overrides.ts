import {
  CheckpointError,
  closestName,
  InvalidArgumentError,
  type Setting,
  type Settings,
} from '@mnist-kit/core';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import { type Difference, differences, namesOf, show } from './differences.js';

/** Where a fit goes on, and what it may do otherwise than its checkpoint. */
export interface Resume {
  /** What the user wrote, for messages: `'auto'`, a path, or `snapshot`. */
  readonly from: string;
  readonly override: readonly string[];
}

/** Settings that a fit which goes on may always change: they bound it, or how fast it runs, and not what it computes. */
const free: readonly string[] = ['epochs', 'maxSteps', 'maxTime', 'threads', 'prefetch'];

/** Callbacks that keep something for each weight that is trained. */
const averages = /^(ExponentialMovingAverage|StochasticWeightAveraging)\b/;

/**
 * Compares a fit with the checkpoint that it goes on from.
 *
 * @returns The differences, all of which the user wants.
 * @throws InvalidArgumentError for the name of an override that is none.
 * @throws CheckpointError that lists all differences, where one is not to be overridden, or cannot be.
 */
export function checkDifferences(
  snapshot: RunSnapshot | undefined,
  now: Settings,
  { from, override }: Resume,
): readonly Difference[] {
  const saved = snapshot?.settings;
  checkNames(override, [...new Set([...namesOf(now), ...namesOf(saved ?? {}), ...free])]);
  if (saved === undefined || snapshot === undefined) return [];
  const found = differences(saved, now);
  const refused = found.flatMap((difference) => {
    const reason = reasonAgainst(difference, snapshot);
    return reason === undefined ? [] : [{ difference, reason }];
  });
  const choices = found.filter((each) => !refused.some(({ difference }) => difference === each));
  const unwanted = choices.filter(({ name }) => !covers(override, name));
  if (refused.length === 0 && unwanted.length === 0) return found;
  const lines = [];
  if (refused.length > 0)
    lines.push(
      'The fit cannot go on from the checkpoint, which was saved with other settings:',
      ...refused.map(({ difference, reason }) => `  ${line(difference)}: ${reason}`),
      'Make them as they were, or start a new fit.',
    );
  if (unwanted.length > 0) {
    const names = [...new Set([...override, ...unwanted.map(({ name }) => name)])].map((name) => `'${name}'`);
    lines.push(
      refused.length > 0
        ? 'These differ too:'
        : 'The checkpoint was saved with other settings than this fit has:',
      ...unwanted.map((difference) => `  ${line(difference)}`),
      'Make them as they were, or go on with the new ones: ' +
        `resume: { from: ${from}, override: [${names.join(', ')}] }.`,
    );
  }
  throw new CheckpointError(lines.join('\n'));
}

/** A difference in words. */
export function line({ name, saved, now }: Difference): string {
  return `${name} was ${show(saved)}, and is ${show(now)}`;
}

/** Whether one of `names` is `name` or the part that it belongs to. */
export function covers(names: readonly string[], name: string): boolean {
  return names.some((each) => name === each || name.startsWith(`${each}.`));
}

function checkNames(override: readonly string[], known: readonly string[]): void {
  for (const name of override) {
    if (known.includes(name)) continue;
    const meant = closest(name, known);
    const parts = [...new Set(known.map((each) => each.split('.')[0]))];
    throw new InvalidArgumentError(
      'resume.override',
      meant === undefined
        ? `must name settings of ${parts.join(', ')}`
        : `must name settings (did you mean \`${meant}\`?)`,
      name,
    );
  }
}

function isLayer(value: Setting | undefined): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'trainableWeights');
}

function closest(name: string, known: readonly string[]): string | undefined {
  const last = (each: string) => each.slice(each.lastIndexOf('.') + 1);
  // Of `optimizer.lr` the end is what comes to mind.
  const end = known.some((each) => last(each) === name) ? name : closestName(name, known.map(last));
  return (!name.includes('.') && end && known.find((each) => last(each) === end)) || closestName(name, known);
}

/** Why a fit cannot go on with a difference, if it cannot. */
function reasonAgainst({ name, saved, now }: Difference, snapshot: RunSnapshot): string | undefined {
  const { loader, position, callbacks } = snapshot;
  const isPresence = saved === undefined || now === undefined;
  if (/^model\..*\.inputs$/.test(name) || isLayer(saved) || isLayer(now)) return 'it is another model';
  if (
    /^model\..*\.trainableWeights$/.test(name) &&
    Object.keys(callbacks).some((each) => averages.test(each))
  )
    return 'the averages in the checkpoint are of other weights';
  if (name === 'optimizer') return 'its state does not fit';
  if (name === 'optimizer.groups' || (/^optimizer\.groups\.\d+$/.test(name) && isPresence))
    return 'there is another number of parameter groups';
  if (name === 'optimizer.amsgrad') return 'its state does not fit';
  if (loader.kind === 'epochStart') return undefined;
  const replayed = loader.kind === 'replay' && /^(train|generator|.*\.generator)(\.|$)/.test(name);
  const moved = /^train(\.|$)/.test(name) && !/^train\.(transform|generator)(\.|$)/.test(name);
  if (replayed || moved || name === 'overfitBatches')
    return `the checkpoint is inside epoch ${position.epoch}, of which ${position.batch} batches were taken with it`;
  return undefined;
}
