import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader, type DataLoaderOptions, type Dataset } from '@mnist-kit/datasets';
import { crossEntropyLoss } from '@mnist-kit/losses';
import { Adam, type Optimizer } from '@mnist-kit/optim';
import {
  type Callback,
  type FitOptions,
  type LoaderLike,
  type OptimizerLike,
  type RunSnapshot,
  type SchedulerLike,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import { LinearExecutor, linearModel } from './linear-executor.js';

/** Twelve images of three classes. */
export function digits(shift = 0): Dataset {
  const images = Float32Array.from({ length: 12 * 4 }, (_, i) => (((i + shift) * 7) % 11) / 11);
  return arrayDataset({ images, labels: Array.from({ length: 12 }, (_, i) => i % 3), shape: [2, 2, 1] });
}

/** A thread for each of hundreds of loaders would take most of the time. */
const defaults: DataLoaderOptions = { batchSize: 4, prefetch: false };

/** What a fit is made of, each made anew as in a new process; what is left out has a default. */
export interface Made {
  optimizer?: () => OptimizerLike;
  scheduler?: (optimizer: Optimizer) => SchedulerLike | { scheduler: SchedulerLike; monitor?: string };
  options?: () => Partial<TrainerOptions>;
  callbacks?: () => Callback[];
  seed?: number;
  data?: () => Dataset;
  loader?: DataLoaderOptions;
  train?: (generator: Generator) => LoaderLike;
  val?: (generator: Generator) => FitOptions['val'];
  fit?: FitOptions;
}

/** What a fit leaves. */
export interface Outcome {
  readonly optimizer: OptimizerLike;
  readonly weights: number[][];
  readonly lrs: readonly number[];
  readonly notes: string[];
  /** After every epoch, by its number. */
  readonly snapshots: readonly RunSnapshot[];
  /** After the second batch of every epoch. */
  readonly inside: readonly RunSnapshot[];
  readonly trained: number;
}

/** Everything anew, and a fit of three batches an epoch. */
export async function fit(made: Made, options: FitOptions = {}): Promise<Outcome> {
  const generator = new Generator(made.seed ?? 3);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const optimizer = (made.optimizer ?? (() => new Adam({ lr: 0.1 })))();
  const notes: string[] = [];
  const snapshots: RunSnapshot[] = [];
  const inside: RunSnapshot[] = [];
  const lrs: number[] = [];
  const watch: Callback = {
    onOptimizerStepEnd: (run) => void lrs.push(run.lr),
    onSafePoint: async (run) => {
      if (run.epochFinished) snapshots[run.epoch] = structuredClone(await run.snapshot());
      else if (run.batch === 2) inside[run.epoch] = structuredClone(await run.snapshot());
    },
  };
  const trainer = new Trainer({
    ...{ model, optimizer, generator, loss: crossEntropyLoss() },
    executor: () => executor,
    scheduler: made.scheduler?.(optimizer as Optimizer),
    ...made.options?.(),
    callbacks: [...(made.callbacks?.() ?? []), watch],
    log: (line) => notes.push(line),
    warn: () => {},
  });
  const dataset = (made.data ?? digits)();
  const train =
    made.train?.(generator) ??
    new DataLoader(dataset, { ...defaults, shuffle: true, generator, ...made.loader });
  const val = made.val?.(generator) ?? new DataLoader(digits(5), defaults);
  await trainer.fit(train, { val, epochs: 2, ...made.fit, ...options });
  const trained = executor.calls.filter((call) => call.startsWith('trainStep')).length;
  const weights = executor.parameters.map(({ value }) => Array.from(value));
  return { optimizer, weights, lrs, notes, snapshots, inside, trained };
}

/** What a checkpoint must not know of a fit that goes on from it: where it is. */
export function withoutTimes({
  position: { seconds, trainSeconds, ...position },
  history,
  ...rest
}: RunSnapshot) {
  const epochs = history.epochs.map(({ seconds: _, itPerSecond: __, ...record }) => record);
  return { ...rest, position, history: { ...history, epochs } };
}
