import type { Generator } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { Dispatcher } from './callbacks/dispatcher.js';
import type { BatchIterator, LoaderLike, LossLike, OptimizerLike } from './contracts.js';
import { type EpochRecord, History } from './history.js';
import { listenForInterrupts } from './interrupt.js';
import { evaluate, metricKey } from './loops/evaluate.js';
import { Meter } from './loops/meter.js';
import { refreshBatchNorm } from './loops/refresh-batch-norm.js';
import { type TrainLoop, trainEpoch } from './loops/train-epoch.js';
import { LossRunner } from './loss.js';
import type { MetricValue } from './metrics/metric.js';
import type { TrainerOptions } from './options.js';
import { RunState } from './run.js';
import { Schedule } from './schedule.js';
import { capture, generatorStates, restore, type StatefulParts, setGenerators } from './state/capture.js';
import { currentPosition, iterateFrom, type ReplayPoints } from './state/loader-position.js';
import type { LoaderPosition, RunSnapshot } from './state/run-snapshot.js';
import { Stopwatch } from './stopwatch.js';

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
  readonly snapshot: RunSnapshot | undefined;
}

/** One call of `Trainer.fit`. */
export class Fit {
  readonly #parts: FitParts;
  readonly #run: RunState;
  readonly #callbacks: Dispatcher;
  readonly #schedule: Schedule | undefined;
  readonly #loop: TrainLoop;
  readonly #stateful: StatefulParts;
  readonly #epochClock = new Stopwatch();
  readonly #trainClock = new Stopwatch();
  readonly #replay: ReplayPoints = { epoch: {}, next: {} };

  constructor(parts: FitParts) {
    const { trainer, executor, train, val, generator, snapshot } = parts;
    this.#parts = parts;
    const run = new RunState({
      model: trainer.model,
      executor,
      optimizer: parts.optimizer,
      history: snapshot === undefined ? new History() : History.from(snapshot.history),
      epochs: parts.epochs,
      batchesPerEpoch: train.length,
      monitors: monitorNames(Object.keys(val), Object.keys(trainer.metrics ?? {})),
    });
    const callbacks = new Dispatcher(trainer.callbacks ?? [], run);
    const schedule = trainer.scheduler && new Schedule(trainer.scheduler, run.monitors);
    const loss = new LossRunner(parts.loss, executor.classes);
    loss.checkTrainable();
    const meter = new Meter();
    const { mixup } = trainer;
    this.#run = run;
    this.#callbacks = callbacks;
    this.#schedule = schedule;
    const scheduler = schedule?.scheduler;
    const stateful = { run, meter, scheduler, mixup, callbacks, generator, train, val };
    this.#stateful = stateful;
    const noteGenerators = () => {
      this.#replay.next = generatorStates(stateful);
    };
    this.#loop = {
      ...{ run, loss, generator, callbacks, mixup, meter },
      afterStep: schedule?.afterStep,
      beforeNextDraws: train.state === undefined ? noteGenerators : undefined,
    };
    run.refresh = () => refreshBatchNorm(run, train, loss, generator);
    run.capture = () => {
      const elapsed = { seconds: this.#epochClock.seconds, trainSeconds: this.#trainClock.seconds };
      return capture(this.#stateful, elapsed, currentPosition(run, train, this.#replay));
    };
  }

  /** Trains to the end, or until something stops it. */
  async run(): Promise<History> {
    const run = this.#run;
    const { signal, trainer, snapshot } = this.#parts;
    const stopListening = await listenForInterrupts((reason) => run.interrupt(reason), {
      signal,
      handleSignals: trainer.handleSignals ?? true,
    });
    try {
      if (snapshot !== undefined) await this.#restore(snapshot);
      await this.#callbacks.emit('onFitStart');
      if (snapshot !== undefined && !run.epochFinished && !run.stopping) await this.#epoch(snapshot.loader);
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

  async #restore(snapshot: RunSnapshot): Promise<void> {
    const run = this.#run;
    const unused = await restore(this.#stateful, snapshot);
    this.#epochClock.set(snapshot.position.seconds);
    this.#trainClock.set(snapshot.position.trainSeconds);
    if (unused.length > 0)
      run.note(`The checkpoint has state of callbacks that this Trainer lacks: ${unused.join(', ')}.`);
    const { history } = run;
    // A run that had come to its end stays there; one that was interrupted goes on.
    if (history.stopReason === 'stopped') run.stopping = true;
    else if (!run.stopping) run.clearInterruption();
  }

  async #epoch(from?: LoaderPosition): Promise<void> {
    const run = this.#run;
    const { meter } = this.#loop;
    if (from === undefined) {
      run.epoch++;
      run.batch = 0;
      run.epochFinished = false;
      meter.reset();
      this.#epochClock.set(0);
      this.#trainClock.set(0);
    }
    run.safe = false;
    this.#epochClock.start();
    await this.#callbacks.emit('onEpochStart');
    this.#trainClock.start();
    const finished = await trainEpoch(this.#loop, await this.#iterator(from));
    this.#trainClock.stop();
    const results = finished ? await this.#validate() : undefined;
    if (results === undefined) {
      // Cut short: what was done so far can still be saved.
      if (run.safe) await this.#callbacks.emit('onSafePoint');
      return;
    }
    this.#epochClock.stop();
    const record: EpochRecord = {
      epoch: run.epoch,
      step: run.step,
      lr: run.lr,
      trainLoss: meter.loss,
      trainAccuracy: meter.accuracy,
      ...results,
      seconds: this.#epochClock.seconds,
      itPerSecond: run.batch / this.#trainClock.seconds,
    };
    this.#schedule?.afterEpoch(record);
    run.history.append(record);
    run.epochFinished = true;
    run.safe = true;
    await this.#callbacks.emit('onEpochEnd', record);
    await this.#callbacks.emit('onSafePoint');
  }

  /** The epoch's batches, from its start or from where a resumed fit goes on. */
  async #iterator(from: LoaderPosition | undefined): Promise<BatchIterator> {
    const { train } = this.#parts;
    if (from === undefined || from.kind === 'epochStart') {
      if (train.state === undefined) this.#replay.epoch = generatorStates(this.#stateful);
      return train[Symbol.asyncIterator]();
    }
    if (from.kind === 'replay') this.#replay.epoch = from.epoch;
    return iterateFrom(from, this.#run.batch, train, this.#stateful);
  }

  /** Results of every validation loader; `undefined` when the run was stopped meanwhile. */
  async #validate(): Promise<Record<string, MetricValue> | undefined> {
    const run = this.#run;
    const { val, trainer } = this.#parts;
    const results: Record<string, MetricValue> = {};
    const before = generatorStates(this.#stateful);
    run.safe = false;
    for (const [name, loader] of Object.entries(val)) {
      await this.#callbacks.emit('onValidationStart', name);
      const result = await evaluate({
        executor: run.executor,
        loader,
        prefix: name,
        loss: this.#loop.loss,
        metrics: trainer.metrics ?? {},
        stopped: () => run.stoppingNow,
      });
      if (result === undefined) {
        await this.#callbacks.emit('onValidationCancel', name);
        setGenerators(this.#stateful, before);
        run.safe = true;
        return undefined;
      }
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
