import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type { HostOptions, TrainingHost } from './host-options.js';
import { TrainingServer } from './training-server.js';

/**
 * Runs trainings in this worker for a {@link TrainingClient} in the page, or in the thread that started it in Node.
 *
 * A worker hosts one fit after the other. Trainers and loaders of the last one that the next does not use are disposed
 * of. An abort from the page ends a fit as Ctrl-C does in Node: after the step, its state saved by ModelCheckpoint.
 *
 * @throws EngineError outside of a worker, InvalidArgumentError for options that do not exist.
 *
 * @example
 * ```ts
 * // training.worker.ts
 * import { Generator } from '@mnist-kit/core';
 * import { DataLoader, mnist } from '@mnist-kit/datasets';
 * import { nllLoss } from '@mnist-kit/losses';
 * import { optimizedNet } from '@mnist-kit/models';
 * import { Adam } from '@mnist-kit/optim';
 * import { Trainer } from '@mnist-kit/trainer';
 * import { hostTraining } from '@mnist-kit/trainer/worker';
 *
 * const host = hostTraining({
 *   async prepare({ lr, epochs }: { lr: number; epochs: number }, { log, warn }) {
 *     const generator = new Generator(1);
 *     const train = new DataLoader(await mnist({ split: 'train' }), { batchSize: 128, shuffle: true, generator });
 *     const model = optimizedNet({ generator });
 *     const optimizer = new Adam({ lr });
 *     const trainer = new Trainer({ model, optimizer, loss: nllLoss(), generator, log, warn });
 *     return { trainer, train, options: { epochs }, own: { optimizer } };
 *   },
 *   calls: {
 *     predict: (pixels: Float32Array, fit) => fit.predict(pixels),
 *     setRate: (lr: number, fit) => {
 *       fit.own.optimizer.lr = lr;
 *     },
 *   },
 * });
 * export type Host = typeof host;
 * ```
 */
export function hostTraining<Settings, Own = undefined, Calls = Record<never, never>>(
  options: HostOptions<Settings, Own, Calls>,
): TrainingHost<Settings, Calls> {
  const names = { prepare: true, calls: true } as const;
  checkOptionNames<HostOptions<Settings, Own, Calls>>('hostTraining', options, names);
  const { prepare, calls = {} } = options ?? {};
  if (typeof prepare !== 'function')
    throw new InvalidArgumentError('prepare', 'must be a function of the settings', prepare);
  for (const [name, call] of Object.entries(calls))
    if (typeof call !== 'function')
      throw new InvalidArgumentError(`calls.${name}`, 'must be a function of an argument and the fit', call);
  new TrainingServer({ prepare, calls } as HostOptions).open();
  return {};
}
