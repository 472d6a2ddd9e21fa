/// <reference lib="esnext.disposable" preserve="true" />
import { Generator, InvalidArgumentError, ModelError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { createExecutor } from '@mnist-kit/engine';
import { crossEntropyLoss } from '@mnist-kit/losses';
import { checkClasses } from './check-batch.js';
import { checkFitOptions } from './check-fit-options.js';
import { checkOptions } from './check-options.js';
import { checkExecutor, checkLoader } from './check-parts.js';
import type { LoaderLike } from './contracts/parts.js';
import { Fit } from './fit.js';
import type { TrainingParts } from './fit-parts.js';
import type { History } from './history.js';
import {
  findLearningRate,
  type LearningRateCurve,
  type LearningRateFinderOptions,
} from './learning-rate-finder/find-learning-rate.js';
import { evaluate } from './loops/evaluate.js';
import { type Predictions, predict } from './loops/predict.js';
import { LossRunner } from './loss.js';
import type { Metrics } from './metrics/metric.js';
import { modelFingerprint } from './model-fingerprint.js';
import { checkAlive, writeModelWeights } from './model-weights.js';
import type { FitOptions, TrainerOptions } from './options.js';
import type { Results } from './results.js';
import * as say from './say.js';
import { applyShortcuts } from './shortcuts.js';
import { checkNoDevRun } from './state/check-snapshot.js';
import { findSnapshot } from './state/find-snapshot.js';
import {
  beginTraining,
  describeTraining,
  syncTrainedModel,
  type TrainingMethod,
} from './training-in-progress.js';
import { emptyGroups, probabilitiesUnderLogits, slowEngine } from './warnings.js';

/**
 * Trains, measures and runs a classifier.
 *
 * Between calls the `tf.LayersModel` holds the truth: weights that you load into it and layers that you freeze
 * count in the next call, and what a fit trained is in it afterwards. While a fit is running no other Trainer can
 * train the same model or use the same optimizer; what another one measures or predicts then is with the weights of
 * that moment.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { DataLoader, mnist, transforms as T } from '@mnist-kit/datasets';
 * import { nllLoss } from '@mnist-kit/losses';
 * import { optimizedNet } from '@mnist-kit/models';
 * import { Adam } from '@mnist-kit/optim';
 * import { ProgressBar, Trainer } from '@mnist-kit/trainer';
 *
 * const generator = new Generator(1);
 * const transform = T.normalize({ mean: 0.1307, std: 0.3081 });
 * const train = new DataLoader(await mnist({ split: 'train' }), { batchSize: 128, shuffle: true, transform, generator });
 * const test = new DataLoader(await mnist({ split: 'test' }), { batchSize: 512, transform });
 *
 * const trainer = new Trainer({
 *   model: optimizedNet({ generator }),
 *   optimizer: new Adam({ lr: 1e-3 }),
 *   loss: nllLoss(),
 *   generator,
 *   callbacks: [new ProgressBar()],
 * });
 * const history = await trainer.fit(train, { epochs: 2 });
 * console.log(history.last?.trainAccuracy, await trainer.test(test));
 * await trainer.dispose();
 * ```
 */
export class Trainer<M extends Metrics = Record<never, never>> {
  readonly #options: TrainerOptions<M>;
  #executor: Promise<Executor> | undefined;
  /** Of the model when the executor was made. */
  #fingerprint: string | undefined;
  /** What this Trainer has warned of: once is enough. */
  readonly #warned = new Set<string>();
  /** What is changing the weights now. */
  #running: TrainingMethod | undefined;
  #disposed = false;

  /** @throws InvalidArgumentError for an option that cannot work. */
  constructor(options: TrainerOptions<M>) {
    checkOptions(options);
    this.#options = options;
  }

  /**
   * Trains on `train` for some epochs, validating after each.
   *
   * Ctrl-C, SIGTERM, SIGHUP and an abort of `signal` end it after the current step; the history then says
   * `interrupted`, and after a signal the process's exit code is set to 130, 143 or 129.
   *
   * @param train Yields the training batches, in the order of each epoch.
   * @returns One record per finished epoch.
   * @throws InvalidArgumentError for settings that cannot work, ModelError and DataError for a model and data
   * that do not fit, CallbackError for a callback that throws, CheckpointError for a checkpoint that cannot be read or
   * was saved with settings that this fit has otherwise, all of which it names.
   */
  async fit(train: LoaderLike, options: FitOptions = {}): Promise<History<M>> {
    const { callbacks: own = [] } = this.#options;
    const loaders = checkFitOptions(options, own);
    const { epochs = 1, signal, resume, callbacks: further = [] } = options;
    const trainer = { ...this.#options, callbacks: [...own, ...further] };
    return this.#train('fit', train, async (parts) => {
      const found = await findSnapshot(resume, trainer.callbacks);
      checkNoDevRun(found.snapshot, trainer);
      const plan = await applyShortcuts(trainer, { train, val: loaders, epochs }, parts.executor);
      // The keys that the metrics add are known to the compiler only.
      return (await new Fit({ ...parts, ...plan, signal, ...found }).run()) as unknown as History<M>;
    });
  }

  /**
   * Trains for a few updates while the learning rate grows from very small to very large, suggests a rate to train
   * with, and puts everything back: weights and batch-norm statistics, optimizer, random generators, mixup (but for a
   * `random` source that you gave it).
   *
   * What makes an update is as in a fit: accumulation, gradient clipping, mixup, `limitTrainBatches`,
   * `overfitBatches`, and parameter groups, which keep their proportion. Schedulers do not step, no callback but
   * GradientClipping runs, and nothing is validated. The loader is gone through as often as it takes.
   *
   * Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, https://arxiv.org/abs/1506.01186.
   *
   * @param train Yields the training batches.
   * @returns The curve, raw and smoothed, and the suggestion. That is `undefined` where the loss did not fall by
   * more than its noise, or where Ctrl-C or `signal` ended the sweep; `reason` then says so.
   * @throws InvalidArgumentError for options out of range and while a fit is running; otherwise as `fit`, and
   * everything is put back as well.
   *
   * @example
   * ```ts
   * import { DataLoader, mnist } from '@mnist-kit/datasets';
   * import { nllLoss } from '@mnist-kit/losses';
   * import { optimizedNet } from '@mnist-kit/models';
   * import { AdamW } from '@mnist-kit/optim';
   * import { Trainer } from '@mnist-kit/trainer';
   *
   * const optimizer = new AdamW({ lr: 1e-3 });
   * const trainer = new Trainer({ model: optimizedNet(), optimizer, loss: nllLoss() });
   * const train = new DataLoader(await mnist({ split: 'train' }), { batchSize: 128, shuffle: true });
   * const { suggestion, reason } = await trainer.findLearningRate(train);
   * if (suggestion === undefined) throw new Error(reason);
   * optimizer.lr = suggestion;
   * ```
   */
  async findLearningRate(
    train: LoaderLike,
    options: LearningRateFinderOptions = {},
  ): Promise<LearningRateCurve> {
    return this.#train('findLearningRate', train, (parts) =>
      findLearningRate({ ...parts, warn: () => {} }, options),
    );
  }

  /** Loss, accuracy and metrics of a loader in inference mode, as `valLoss`, `valAccuracy`, … */
  validate(loader: LoaderLike): Promise<Results<'val', M>> {
    return this.#evaluate(loader, 'val') as Promise<Results<'val', M>>;
  }

  /** Loss, accuracy and metrics of a loader in inference mode, as `testLoss`, `testAccuracy`, … */
  test(loader: LoaderLike): Promise<Results<'test', M>> {
    return this.#evaluate(loader, 'test') as Promise<Results<'test', M>>;
  }

  /**
   * The model's outputs in inference mode.
   *
   * @param input A loader, or pixels: any number of images one after another, NHWC, prepared as for training.
   */
  async predict(input: LoaderLike | Float32Array): Promise<Predictions> {
    const isPixels = input instanceof Float32Array;
    if (!isPixels) checkLoader(input, 'input', ', or a Float32Array of pixels');
    return predict(await this.#ready(isPixels ? undefined : input), input);
  }

  /** Copies the weights being trained into the model; `fit` does it at its end. */
  async syncModel(): Promise<void> {
    this.#checkOpen();
    await (await this.#executor)?.syncModel();
  }

  /** What the model runs on: made at first use. */
  executor(): Promise<Executor> {
    this.#checkOpen();
    this.#fingerprint ??= modelFingerprint(this.#options.model);
    this.#executor ??= this.#createExecutor(undefined);
    return this.#executor;
  }

  /**
   * Ends the threads and frees the memory that the model ran on, at once: a Trainer that is only forgotten gives them
   * back when the garbage collector comes to it, which with few objects may be late. `await using trainer = …` calls
   * this at the end of the block. The model itself stays.
   *
   * A fit that is running ends with an EngineError, and the model has what it had learned. Called again it does nothing;
   * other calls throw.
   */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const making = this.#executor;
    this.#executor = undefined;
    // One that could not be made has been told of where it was asked for.
    const executor = await making?.catch(() => undefined);
    if (executor === undefined || executor === this.#options.executor) return;
    if (this.#running === 'fit') await executor.syncModel();
    await executor.dispose();
  }

  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #checkOpen(): void {
    if (this.#disposed)
      throw new InvalidArgumentError('trainer', 'must not be used after `dispose`', 'a disposed Trainer');
  }

  async #evaluate(loader: LoaderLike, prefix: string): Promise<object> {
    checkLoader(loader, 'loader');
    const executor = await this.#ready(loader);
    const { loss: own = crossEntropyLoss(), model } = this.#options;
    this.#warn(probabilitiesUnderLogits(model, own));
    const loss = new LossRunner(own, executor.classes);
    const metrics = this.#options.metrics ?? {};
    return (await evaluate({ executor, loader, prefix, loss, metrics })) ?? {};
  }

  /** Runs `work`, which `method` asked for, with what training needs, unless training is going on. */
  async #train<T>(
    method: TrainingMethod,
    train: LoaderLike,
    work: (parts: TrainingParts) => Promise<T>,
  ): Promise<T> {
    const { model, optimizer, loss } = this.#options;
    if (optimizer === undefined) throw new InvalidArgumentError('optimizer', 'is needed to fit', optimizer);
    if (loss === undefined) throw new InvalidArgumentError('loss', 'is needed to fit', loss);
    checkLoader(train, 'train');
    if (this.#running !== undefined) {
      const running = describeTraining(this.#running);
      throw new InvalidArgumentError(method, `must not be called while ${running} is running`, method);
    }
    const { training, end } = beginTraining(method, model, optimizer);
    this.#running = method;
    try {
      const executor = await this.#ready(train, true);
      training.executor = executor;
      this.#warn(probabilitiesUnderLogits(model, loss));
      this.#warn(emptyGroups(model, optimizer));
      const generator = this.#options.generator ?? train.generator ?? new Generator(0);
      const warn = this.#options.warn ?? say.warn;
      return await work({ trainer: this.#options, optimizer, loss, executor, generator, train, warn });
    } finally {
      this.#running = undefined;
      end();
    }
  }

  /** The executor, holding the model's weights. */
  async #ready(loader: LoaderLike | undefined, starting = false): Promise<Executor> {
    checkAlive(this.#options.model);
    if (!starting && this.#running === undefined) await syncTrainedModel(this.#options.model);
    if (starting || this.#running === undefined) await this.#forgetChangedModel();
    if (this.#executor === undefined && !this.#disposed) {
      this.#executor = this.#createExecutor(loader?.batchSize);
      // A ready-made one may be older than what was loaded into the model since.
      if (typeof this.#options.executor !== 'object') return this.#executor;
    }
    const executor = await this.executor();
    // While training goes on the executor is ahead of the model.
    if (starting || this.#running === undefined) await writeModelWeights(this.#options.model, executor);
    return executor;
  }

  /** Layers frozen, freed or set otherwise since the executor was made count, as weights do. */
  async #forgetChangedModel(): Promise<void> {
    const { model, executor: own } = this.#options;
    const fingerprint = modelFingerprint(model);
    const changed = this.#fingerprint !== undefined && this.#fingerprint !== fingerprint;
    this.#fingerprint = fingerprint;
    if (!changed || this.#executor === undefined) return;
    const executor = await this.#executor;
    if (executor === own)
      throw new ModelError(
        'The model was changed (a layer frozen, freed or set otherwise) after its executor was made: make a new executor and a new Trainer',
      );
    this.#executor = undefined;
    await executor.dispose();
  }

  async #createExecutor(batchSize: number | undefined): Promise<Executor> {
    const { model, engine, threads, vectors, executor: own = createExecutor } = this.#options;
    const reproducible = this.#options.reproducible ?? this.#options.deterministic;
    const executor =
      typeof own === 'function'
        ? await own(model, { engine, threads, vectors, reproducible, batchSize })
        : own;
    checkExecutor(executor);
    checkClasses(executor);
    this.#warn(slowEngine(executor, this.#options));
    return executor;
  }

  #warn(message: string | undefined): void {
    if (message === undefined || this.#warned.has(message)) return;
    this.#warned.add(message);
    (this.#options.warn ?? say.warn)(message);
  }
}
