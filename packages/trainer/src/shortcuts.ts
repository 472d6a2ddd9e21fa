import type { Executor } from '@mnist-kit/engine';
import type { LoaderLike } from './contracts/parts.js';
import { FixedBatches } from './loops/fixed-batches.js';
import type { TrainerOptions } from './options.js';

/** What a fit was asked for, as far as shortcuts change it. */
interface FitPlan {
  readonly train: LoaderLike;
  readonly val: Readonly<Record<string, LoaderLike>>;
  readonly epochs: number;
}

/** What `overfitBatches` and `fastDevRun` stand for. */
export async function applyShortcuts(
  trainer: TrainerOptions,
  plan: FitPlan,
  executor: Executor,
): Promise<FitPlan & { readonly trainer: TrainerOptions }> {
  const { overfitBatches, fastDevRun } = trainer;
  let { train, val, epochs } = plan;
  let options = trainer;
  if (overfitBatches !== undefined) {
    const fixed = await FixedBatches.take(train, overfitBatches, executor);
    train = fixed;
    val = Object.fromEntries(Object.keys(val).map((name) => [name, fixed]));
  }
  if (fastDevRun !== undefined && fastDevRun !== false) {
    const batches = fastDevRun === true ? 1 : fastDevRun;
    options = { ...trainer, limitTrainBatches: batches, limitValBatches: batches, valEvery: 1 };
    epochs = 1;
  }
  return { trainer: options, train, val, epochs };
}
