import type { Settings } from '@mnist-kit/core';
import type { OptimizerLike } from '../contracts/parts.js';
import { kindOf } from './part-settings.js';

/** How a fit left an optimizer's rates, and how it was set when that fit began. */
interface Left {
  readonly rates: readonly number[];
  readonly settings: Settings;
}

const left = new WeakMap<OptimizerLike, Left>();

/**
 * How an optimizer was set. Its rates are those that it was made with or that the user wrote since, also where a
 * scheduler has moved them in an earlier fit.
 */
export function optimizerSettings(optimizer: OptimizerLike): Settings {
  const kind = kindOf(optimizer);
  const own = optimizer.settings ?? ratesOf(optimizer);
  const before = left.get(optimizer);
  const untouched = before?.rates.every((rate, i) => rate === rates(optimizer)[i]);
  if (before === undefined || !untouched) return { kind, ...own };
  const { lr, groups } = before.settings;
  return { kind, ...own, lr, ...(groups !== undefined && { groups }) };
}

/** Notes that a fit which began with `settings` has moved the rates to where they are now. */
export function leaveOptimizer(optimizer: OptimizerLike, settings: Settings): void {
  left.set(optimizer, { rates: rates(optimizer), settings });
}

function ratesOf({ lr, groups = [] }: OptimizerLike): Settings {
  if (groups.length < 2) return { lr };
  return { lr, groups: Object.fromEntries(groups.slice(1).map((group, i) => [i + 1, { lr: group.lr }])) };
}

/** The learning rate of each group; of an optimizer without groups, its one. */
export function rates({ lr, groups = [] }: OptimizerLike): readonly number[] {
  return groups.length === 0 ? [lr] : groups.map((group) => group.lr);
}
