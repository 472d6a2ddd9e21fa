import type { Generator } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { Dispatcher } from './callbacks/dispatcher.js';
import type { LoaderLike, LossLike, OptimizerLike } from './contracts.js';
import { type EpochRecord, History } from './history.js';
import { listenForInterrupts } from './interrupt.js';
import { evaluate, metricKey } from './loops/evaluate.js';
import { Meter } from './loops/meter.js';
import { type TrainLoop, trainEpoch } from './loops/train-epoch.js';
import { LossRunner } from './loss.js';
import type { MetricValue } from './metrics/metric.js';
import type { TrainerOptions } from './options.js';
import { RunState } from './run.js';
import { Schedule } from './schedule.js';

/** Everything a fit is made of. */
interface FitParts {
  readonly trainer: TrainerOptions;
  readonly optimizer: OptimizerLike;
  readonly loss: LossLike;
  readonly executor: Executor;
  readonly generator: Generator;
  readonly train: LoaderLike;
  readonly val: Readonly<Record<string, LoaderLike>>;
  readonly epochs: number;
  readonly signal: AbortSignal | undefined;
}

/** One call of `Trainer.fit`. */
export class Fit {
  readonly #parts: FitParts;
  readonly #run: RunState;
  readonly #callbacks: Dispatcher;
  readonly #schedule: Schedule | undefined;
  readonly #loop: TrainLoop;

  constructor(parts: FitParts) {
    const { trainer, executor, train } = parts;
    this.#parts = parts;
    this.#run = new RunState({
      model: trainer.model,
      executor,
      optimizer: parts.optimizer,
      history: new History(),
      epochs: parts.epochs,
      batchesPerEpoch: train.length,
      monitors: monitorNames(Object.keys(parts.val), Object.keys(trainer.metrics ?? {})),
    });
    this.#callbacks = new Dispatcher(trainer.callbacks ?? [], this.#run);
    this.#schedule = trainer.scheduler && new Schedule(trainer.scheduler, this.#run.monitors);
    const loss = new LossRunner(parts.loss, executor.classes);
    loss.checkTrainable();
    this.#loop = {
      run: this.#run,
      loss,
      generator: parts.generator,
      callbacks: this.#callbacks,
      mixup: trainer.mixup,
      meter: new Meter(),
      afterStep: this.#schedule?.afterStep,
    };
  }

  /** Trains to the end, or until something stops it. */
  async run(): Promise<History> {
    const run = this.#run;
    const { signal, trainer } = this.#parts;
    const stopListening = await listenForInterrupts((reason) => run.interrupt(reason), {
      signal,
      handleSignals: trainer.handleSignals ?? true,
    });
    try {
      await this.#callbacks.emit('onFitStart');
      while (run.epoch < run.epochs && !run.stopping) await this.#epoch();
      await this.#callbacks.emit('onFitEnd');
      await run.executor.syncModel();
    } catch (error) {
      await this.#callbacks.emitAll('onException', error);
      throw error;
    } finally {
      stopListening();
    }
    this.#report();
    return run.history;
  }

  async #epoch(): Promise<void> {
    const run = this.#run;
    const { meter } = this.#loop;
    const started = performance.now();
    run.epoch++;
    run.batch = 0;
    meter.reset();
    await this.#callbacks.emit('onEpochStart');
    const trainStarted = performance.now();
    if (!(await trainEpoch(this.#loop, this.#parts.train[Symbol.asyncIterator]()))) return;
    const trainSeconds = (performance.now() - trainStarted) / 1000;
    const results = await this.#validate();
    if (results === undefined) return;
    const record: EpochRecord = {
      epoch: run.epoch,
      step: run.step,
      lr: run.lr,
      trainLoss: meter.loss,
      trainAccuracy: meter.accuracy,
      ...results,
      seconds: (performance.now() - started) / 1000,
      itPerSecond: run.batch / trainSeconds,
    };
    this.#schedule?.afterEpoch(record);
    run.history.append(record);
    await this.#callbacks.emit('onEpochEnd', record);
  }

  /** Results of every validation loader; `undefined` when the run was stopped meanwhile. */
  async #validate(): Promise<Record<string, MetricValue> | undefined> {
    const run = this.#run;
    const results: Record<string, MetricValue> = {};
    for (const [name, loader] of Object.entries(this.#parts.val)) {
      await this.#callbacks.emit('onValidationStart', name);
      const result = await evaluate({
        executor: run.executor,
        loader,
        prefix: name,
        loss: this.#loop.loss,
        metrics: this.#parts.trainer.metrics ?? {},
        stopped: () => run.stoppingNow,
      });
      if (result === undefined) return undefined;
      await this.#callbacks.emit('onValidationEnd', result, name);
      Object.assign(results, result);
    }
    return results;
  }

  #report(): void {
    const run = this.#run;
    const { interrupted, stopMessage } = run.history;
    const log = this.#parts.trainer.log ?? console.log;
    if (interrupted) {
      const batches = run.batchesPerEpoch === undefined ? '' : ` of ${run.batchesPerEpoch}`;
      log(`Interrupted (${stopMessage}) in epoch ${run.epoch} after batch ${run.batch}${batches}.`);
    }
    for (const note of run.notes) log(note);
  }
}

function monitorNames(loaders: readonly string[], metrics: readonly string[]): string[] {
  const names = ['trainLoss', 'trainAccuracy', 'lr', 'seconds', 'itPerSecond'];
  for (const loader of loaders)
    names.push(`${loader}Loss`, `${loader}Accuracy`, ...metrics.map((metric) => metricKey(loader, metric)));
  return names;
}
