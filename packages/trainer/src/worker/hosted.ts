import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type { LoaderLike } from '../contracts/parts.js';
import type { Run } from '../contracts/run.js';
import type { HistoryRecords } from '../history.js';
import type { Predictions } from '../loops/predict.js';
import type { FitOptions } from '../options.js';

/**
 * What a hosted fit asks of its Trainer; a `Trainer` has it.
 *
 * @example
 * ```ts
 * import { optimizedNet } from '@mnist-kit/models';
 * import { Trainer } from '@mnist-kit/trainer';
 * import type { HostedTrainer } from '@mnist-kit/trainer/worker';
 *
 * const trainer: HostedTrainer = new Trainer({ model: optimizedNet() });
 * await trainer.dispose();
 * ```
 */
export interface HostedTrainer {
  fit(train: LoaderLike, options?: FitOptions): Promise<{ toJSON(): HistoryRecords }>;
  predict(input: LoaderLike | Float32Array): Promise<Predictions>;
  dispose(): Promise<void>;
}

/**
 * The parts of a fit, made in the worker from the page's settings.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { DataLoader, mnist } from '@mnist-kit/datasets';
 * import { nllLoss } from '@mnist-kit/losses';
 * import { optimizedNet } from '@mnist-kit/models';
 * import { Adam } from '@mnist-kit/optim';
 * import { Trainer } from '@mnist-kit/trainer';
 * import type { PreparedFit } from '@mnist-kit/trainer/worker';
 *
 * async function prepare({ lr }: { lr: number }): Promise<PreparedFit> {
 *   const generator = new Generator(1);
 *   const train = new DataLoader(await mnist({ split: 'train' }), { batchSize: 128, shuffle: true, generator });
 *   const model = optimizedNet({ generator });
 *   return { trainer: new Trainer({ model, optimizer: new Adam({ lr }), loss: nllLoss() }), train };
 * }
 * ```
 */
export interface PreparedFit<Own = unknown> {
  readonly trainer: HostedTrainer;
  /** The training batches. */
  readonly train: LoaderLike;
  /** What `trainer.fit` is given besides. An abort from the page comes on top of a `signal`. */
  readonly options?: FitOptions;
  /** Things of your own that calls need: a data set, the model. */
  readonly own?: Own;
}

/**
 * A fit in a worker, as calls see it.
 *
 * @example
 * ```ts
 * import type { HostedFit } from '@mnist-kit/trainer/worker';
 *
 * const calls = {
 *   step: (_argument: undefined, fit: HostedFit) => fit.run?.step ?? 0,
 *   predict: (pixels: Float32Array, fit: HostedFit) => fit.trainer.predict(pixels),
 * };
 * ```
 */
export interface HostedFit<Settings = unknown, Own = unknown> extends PreparedFit<Own> {
  /** What the page gave to `client.fit`. */
  readonly settings: Settings;
  readonly own: Own;
  /** The fit as callbacks see it, also after its end; undefined before it began. */
  readonly run: Run | undefined;
  /** The model's answers for pixels or a loader: `trainer.predict`. */
  predict(input: LoaderLike | Float32Array): Promise<Predictions>;
}

/**
 * Checks what `prepare` made.
 *
 * @throws InvalidArgumentError that names what is wrong with it.
 */
export function checkPrepared(prepared: PreparedFit): void {
  if (prepared === null || typeof prepared !== 'object')
    throw new InvalidArgumentError('prepare', 'must return { trainer, train, options }', prepared);
  const names = { trainer: true, train: true, options: true, own: true } as const;
  checkOptionNames<PreparedFit>('what `prepare` returns', prepared, names);
  for (const method of ['fit', 'predict', 'dispose'] as const)
    if (typeof prepared.trainer?.[method] !== 'function')
      throw new InvalidArgumentError('prepare', 'must return a Trainer as `trainer`', prepared.trainer);
  if (prepared.train === undefined)
    throw new InvalidArgumentError('prepare', 'must return the training loader as `train`', prepared.train);
}

/** Something that may have threads or memory to give back. */
interface MaybeDisposable {
  dispose?(): unknown;
}

/** What a fit holds: its Trainer and its loaders. */
function holdings({ trainer, train, options }: PreparedFit): MaybeDisposable[] {
  const val = options?.val ?? {};
  const isLoader = Symbol.asyncIterator in val;
  return [trainer, train, ...(isLoader ? [val] : Object.values(val))] as MaybeDisposable[];
}

/** Gives back what an earlier fit held and the next one does not use. */
export async function giveBack(old: PreparedFit, next: PreparedFit): Promise<void> {
  const used = holdings(next);
  for (const part of holdings(old)) if (!used.includes(part)) await part.dispose?.();
}
