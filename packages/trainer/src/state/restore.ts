import { CheckpointError, type Settings } from '@mnist-kit/core';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import { namedCallbacks, type StatefulParts, setGenerators } from './capture.js';
import { rates } from './optimizer-settings.js';

/** Settings of a scheduler without which its state means nothing. */
const starting = /^scheduler(\.interval|\.\d+(\.interval)?)?$/;

/**
 * Puts a snapshot back.
 *
 * @param overridden Names of the settings that the fit has otherwise, and shall have.
 * @returns Names of callbacks whose state the snapshot has and the fit has no use for.
 * @throws CheckpointError when it does not fit.
 */
export async function restore(
  parts: StatefulParts,
  snapshot: RunSnapshot,
  overridden: readonly string[],
): Promise<string[]> {
  const { run, meter, mixup, callbacks } = parts;
  await run.executor.writeWeights(snapshot.weights);
  restoreRates(parts, snapshot, overridden);
  const freshMixup = ['mixup', 'mixup.seed', 'mixup.random'].some((name) => overridden.includes(name));
  if (snapshot.mixup !== undefined && !freshMixup) mixup?.loadState?.(snapshot.mixup);
  const { epoch, batch, validatedAt, step, lr, lrs, epochFinished } = snapshot.position;
  Object.assign(run, { epoch, batch, validatedAt, step, lr, lrs: [...lrs], epochFinished });
  Object.assign(meter, snapshot.meter);
  setGenerators(parts, snapshot.generators, overridden);
  const unused = new Set(Object.keys(snapshot.callbacks));
  for (const [name, callback] of namedCallbacks(callbacks.callbacks)) {
    if (!unused.delete(name)) continue;
    callback.loadState?.(snapshot.callbacks[name]);
  }
  return [...unused];
}

/** @throws CheckpointError for a checkpoint of a model with other weights. */
export async function checkFit({ run, schedule }: StatefulParts, snapshot: RunSnapshot): Promise<void> {
  checkWeights(snapshot, await run.executor.readWeights());
  // Where settings were kept they tell this too, with all else that differs.
  if (snapshot.settings === undefined && (snapshot.scheduler === undefined) !== (schedule === undefined))
    throw new CheckpointError(
      `The checkpoint was written ${schedule === undefined ? 'with' : 'without'} a scheduler; make the Trainer as it was.`,
    );
}

/** Optimizer and scheduler: both have a hand in the learning rates. */
function restoreRates(parts: StatefulParts, snapshot: RunSnapshot, overridden: readonly string[]): void {
  const { run, schedule } = parts;
  const { optimizer } = run;
  const isNew = schedule !== undefined && overridden.some((name) => starting.test(name));
  const made = structuredClone({
    lr: optimizer.lr,
    groups: optimizer.groups,
    momentum: momentumOf(optimizer),
  });
  optimizer.loadState(snapshot.optimizer);
  if (schedule !== undefined && !isNew) schedule.scheduler.loadState(snapshot.scheduler);
  useSettings(parts, snapshot, overridden);
  if (!isNew) return;
  for (const [i, group] of (optimizer.groups ?? []).entries()) Object.assign(group, made.groups?.[i]);
  if (optimizer.lr !== made.lr) optimizer.lr = made.lr;
  if (made.momentum !== undefined) Object.assign(optimizer, { momentum: made.momentum });
  schedule.catchUp(snapshot.history.epochs, snapshot.position.step);
}

function useSettings(
  { run: { optimizer }, schedule, settings }: StatefulParts,
  snapshot: RunSnapshot,
  overridden: readonly string[],
): void {
  const names = overridden.flatMap((name) =>
    name.startsWith('optimizer.') ? [name.slice('optimizer.'.length)] : [],
  );
  if (names.length === 0) return;
  const before = snapshot.settings?.optimizer as Settings;
  const now = settings.optimizer as Settings;
  const scale = (rate: number, i: number) => {
    const [from, to] = [givenRate(before, i), givenRate(now, i)];
    return rate === from || !(from > 0) ? to : (rate / from) * to;
  };
  const loaded = rates(optimizer);
  if (optimizer.useSettings !== undefined) optimizer.useSettings(names, before);
  else {
    for (const [i, group] of ((optimizer.groups ?? []) as { lr: number; initialLr?: number }[]).entries()) {
      group.lr = scale(loaded[i], i);
      // One that wraps an optimizer of @mnist-kit/optim shows its groups.
      if (group.initialLr !== undefined) group.initialLr = scale(group.initialLr, i);
    }
    const lr = scale(loaded[0], 0);
    if (optimizer.lr !== lr) optimizer.lr = lr;
  }
  schedule?.scheduler.rebase?.((lr, i) => {
    const { initialLr } = (optimizer.groups?.[i] ?? {}) as { initialLr?: number };
    return initialLr ?? scale(lr, i);
  });
}

/** The rate that a group was given, before any scheduler. */
function givenRate(settings: Settings, i: number): number {
  const groups = (settings.groups ?? {}) as Readonly<Record<string, Settings>>;
  return (i === 0 ? settings.lr : groups[i]?.lr) as number;
}

function momentumOf(optimizer: object): number | undefined {
  return (optimizer as { momentum?: number }).momentum;
}

function checkWeights({ weights }: RunSnapshot, own: RunSnapshot['weights']): void {
  for (const [name, { shape }] of Object.entries(own)) {
    const saved = weights[name];
    if (saved === undefined)
      throw new CheckpointError(`The checkpoint is of another model: it has no weight ${name}.`);
    if (saved.shape.join() !== shape.join())
      throw new CheckpointError(
        `The checkpoint is of another model: its ${name} is [${saved.shape.join(', ')}], the model's ` +
          `[${shape.join(', ')}].`,
      );
  }
}
