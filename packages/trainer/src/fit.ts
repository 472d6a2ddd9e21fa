import type { Settings } from '@mnist-kit/core';
import { Dispatcher } from './callbacks/dispatcher.js';
import { TerminateOnNaN } from './callbacks/terminate-on-nan.js';
import { changedConfiguration, configurationOf } from './configuration.js';
import type { BatchIterator } from './contracts/parts.js';
import type { LoaderPosition, RunSnapshot } from './contracts/run-snapshot.js';
import { allCallbacks } from './fit-callbacks.js';
import type { FitParts } from './fit-parts.js';
import { type EpochRecord, History, noRecords } from './history.js';
import { listenForInterrupts } from './interrupt.js';
import { resolveLimit } from './loops/limits.js';
import { Meter } from './loops/meter.js';
import { openLoader } from './loops/open-loader.js';
import { OptimizerStep, stopAtMaxSteps } from './loops/optimizer-step.js';
import { Profiler } from './loops/profiler.js';
import { refreshBatchNorm } from './loops/refresh-batch-norm.js';
import { OpenEpoch, type TrainLoop, trainEpoch } from './loops/train-epoch.js';
import { LossRunner } from './loss.js';
import { measuredNumbers } from './metrics/measured.js';
import { RunState } from './run-state.js';
import * as say from './say.js';
import { Schedule } from './schedule.js';
import { capture, generatorStates, type StatefulParts } from './state/capture.js';
import { checkPosition, restoring } from './state/check-snapshot.js';
import type { Difference } from './state/differences.js';
import { currentPosition, iterateFrom, type ReplayPoints } from './state/loader-position.js';
import { leaveOptimizer } from './state/optimizer-settings.js';
import { checkDifferences, line } from './state/overrides.js';
import { checkFit, restore } from './state/restore.js';
import { fitSettings } from './state/settings.js';
import { Stopwatch } from './stopwatch.js';
import { Validation } from './validation.js';
import { badLoss } from './warnings.js';

/** One call of `Trainer.fit`. */
export class Fit {
  readonly #parts: FitParts;
  readonly #run: RunState;
  readonly #callbacks: Dispatcher;
  readonly #schedule: Schedule | undefined;
  readonly #loop: TrainLoop;
  readonly #validation: Validation;
  readonly #stateful: StatefulParts;
  readonly #epochClock = new Stopwatch(() => this.#run.now());
  readonly #trainClock = new Stopwatch(() => this.#run.now());
  /** Settings that a resumed fit has otherwise than its checkpoint, as the user wants. */
  #overridden: readonly Difference[] = [];
  /** Stays open for as long as a state may be taken inside of it: a closed loader has forgotten where it stood. */
  #open: OpenEpoch | undefined;
  readonly #replay: ReplayPoints = { epoch: {}, next: {} };

  constructor(parts: FitParts) {
    const { trainer, executor, train, val, generator, snapshot } = parts;
    const { mixup, metrics = {}, accumulateGradBatches: batches = 1, maxSteps } = trainer;
    this.#parts = parts;
    const limit = resolveLimit('limitTrainBatches', trainer.limitTrainBatches, train);
    const measured = measuredNumbers(Object.keys(val), metrics);
    const run = new RunState({
      ...{ model: trainer.model, executor, optimizer: parts.optimizer, epochs: parts.epochs },
      history: History.from(snapshot?.history ?? noRecords, measured),
      batchesPerEpoch: train.length && Math.min(train.length, limit ?? Infinity),
      monitors: [...measured.keys()],
    });
    const callbacks = new Dispatcher(allCallbacks(trainer), run);
    const schedule = trainer.scheduler && new Schedule(trainer.scheduler, run);
    const loss = new LossRunner(parts.loss, executor.classes);
    loss.checkTrainable();
    const meter = new Meter();
    const configuration = configurationOf(parts);
    const settings = fitSettings(parts, schedule);
    const stateful = {
      ...{ run, meter, schedule, mixup, callbacks, generator, train, val },
      ...{ configuration, settings },
    };
    const every = trainer.valEvery ?? 1;
    const validation = new Validation({
      ...{ run, callbacks, loss, metrics, loaders: val, every, stateful },
      limit: trainer.limitValBatches,
    });
    this.#run = run;
    this.#callbacks = callbacks;
    this.#schedule = schedule;
    this.#stateful = stateful;
    this.#validation = validation;
    const profiler = trainer.profiler === true ? new Profiler() : undefined;
    const { afterStep } = schedule ?? {};
    this.#loop = {
      ...{ run, loss, generator, callbacks, mixup, meter, limit, profiler },
      step: new OptimizerStep({ run, callbacks, batches, sums: loss.sums, afterStep, maxSteps, profiler }),
      beforeNextDraws: train.state === undefined ? () => this.#noteGenerators() : undefined,
      validateBetween: every < 1 ? () => validation.between() : undefined,
    };
    run.refresh = () => refreshBatchNorm(run, train, loss, generator, limit);
    run.capture = async () => {
      // A hook that asked for a snapshot itself would never come to an end.
      run.safe = false;
      try {
        await callbacks.emit('onBeforeSnapshot');
      } finally {
        run.safe = true;
      }
      const elapsed = { seconds: this.#epochClock.seconds, trainSeconds: this.#trainClock.seconds };
      return capture(stateful, elapsed, currentPosition(run, train, this.#replay));
    };
  }

  /** Trains to the end, or until something stops it. */
  async run(): Promise<History> {
    const run = this.#run;
    const { signal, trainer, snapshot, resume } = this.#parts;
    const stopListening = listenForInterrupts((reason) => run.interrupt(reason), {
      signal,
      handleSignals: trainer.handleSignals ?? true,
    });
    try {
      if (snapshot !== undefined) await checkFit(this.#stateful, snapshot);
      if (resume !== undefined)
        this.#overridden = checkDifferences(snapshot, this.#stateful.settings, resume);
      if (snapshot !== undefined) {
        checkPosition(snapshot, run.epochs, this.#parts.train);
        await restoring('The fit', () => this.#restore(snapshot));
      }
      await this.#callbacks.emit('onFitStart');
      await run.setAside();
      const sanitySteps = trainer.numSanityValSteps ?? 0;
      if (sanitySteps > 0 && snapshot === undefined) await this.#validation.sanityCheck(sanitySteps);
      if (snapshot !== undefined) await this.#goOn(snapshot);
      while (run.epoch < run.epochs && !run.stopping) await this.#epoch();
      await this.#callbacks.emit('onFitEnd');
      await run.executor.syncModel();
    } catch (error) {
      await this.#callbacks.emitAll('onException', error);
      // The error is what the caller must learn of, not what its end leads to.
      await this.#open?.close().catch(() => {});
      throw error;
    } finally {
      stopListening();
      if (resume !== undefined) leaveOptimizer(run.optimizer, this.#stateful.settings.optimizer as Settings);
    }
    this.#report();
    return run.history;
  }

  async #restore(snapshot: RunSnapshot): Promise<void> {
    const run = this.#run;
    const unused = await restore(this.#stateful, snapshot, this.#overriddenNames);
    this.#epochClock.set(snapshot.position.seconds);
    this.#trainClock.set(snapshot.position.trainSeconds);
    if (unused.length > 0)
      run.note(`The checkpoint has state of callbacks that this Trainer lacks: ${unused.join(', ')}.`);
    run.goOn(snapshot.position.stop);
    stopAtMaxSteps(run, this.#parts.trainer.maxSteps ?? Infinity);
  }

  /** Finishes the epoch that a snapshot is in; says so where the fit had ended there. */
  async #goOn(snapshot: RunSnapshot): Promise<void> {
    const run = this.#run;
    const { loader } = snapshot;
    this.#noteChanges(snapshot);
    // After its last batch an epoch is still validated, also when the fit ends there.
    const goesOn = !run.stoppingNow || run.batch >= (run.batchesPerEpoch ?? Infinity);
    if (!run.epochFinished && goesOn) return this.#epoch(loader);
    if (run.history.interrupted) return;
    if (run.stopping)
      run.note(
        `The fit had ended already: ${run.history.stopMessage}. Nothing was trained; to go on, ` +
          (run.finalStop === undefined ? 'raise that limit.' : 'resume from an earlier checkpoint.'),
      );
    else if (run.epoch >= run.epochs)
      run.note(`All ${run.epochs} epochs were trained already; ask for more epochs to go on.`);
  }

  #noteChanges({ settings, configuration }: RunSnapshot): void {
    const run = this.#run;
    if (this.#overridden.length > 0)
      run.note(`Goes on with other settings, as asked: ${this.#overridden.map(line).join('; ')}.`);
    if (settings !== undefined) return;
    const changes = changedConfiguration(configuration, this.#stateful.configuration);
    run.note(
      'The checkpoint is from before settings were kept: options of the model, optimizer, scheduler, mixup, loss, ' +
        'callbacks and transforms, the data and the seeds could not be compared.' +
        (changes.length === 0 ? '' : ` These differ: ${changes.join('; ')}.`),
    );
  }

  get #overriddenNames(): string[] {
    return this.#overridden.map(({ name }) => name);
  }

  async #epoch(from?: LoaderPosition): Promise<void> {
    const run = this.#run;
    const { meter } = this.#loop;
    if (from === undefined) {
      Object.assign(run, { epoch: run.epoch + 1, batch: 0, validatedAt: 0, epochFinished: false });
      meter.reset();
      this.#epochClock.set(0);
      this.#trainClock.set(0);
    }
    this.#say();
    run.safe = false;
    this.#epochClock.start();
    await this.#callbacks.emit('onEpochStart');
    this.#trainClock.start();
    const open = new OpenEpoch(await this.#iterator(from));
    this.#open = open;
    const finished = await trainEpoch(this.#loop, open);
    this.#trainClock.stop();
    if (finished) await open.close();
    const results = finished ? await this.#validation.afterEpoch() : undefined;
    if (results === undefined) {
      // Cut short: what was done so far can still be saved.
      if (run.safe) await this.#callbacks.emit('onSafePoint');
      return open.close();
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
    await this.#callbacks.emit('onEpochEnd', record);
    // Not before: who goes on from here is not told of this epoch's end again.
    run.safe = true;
    await this.#callbacks.emit('onSafePoint');
  }

  /** The epoch's batches, from its start or from where a resumed fit goes on. */
  async #iterator(from: LoaderPosition | undefined): Promise<BatchIterator> {
    const { train } = this.#parts;
    if (from === undefined || from.kind === 'epochStart') {
      if (train.state === undefined) this.#replay.epoch = generatorStates(this.#stateful);
      return openLoader(train);
    }
    if (from.kind === 'replay') this.#replay.epoch = from.epoch;
    return iterateFrom(from, this.#run.batch, train, this.#stateful, this.#overriddenNames);
  }

  #noteGenerators(): void {
    this.#replay.next = generatorStates(this.#stateful);
  }

  #report(): void {
    const run = this.#run;
    const { interrupted, stopMessage } = run.history;
    const log = this.#parts.trainer.log ?? say.log;
    if (interrupted) {
      const batches = run.batchesPerEpoch === undefined ? '' : ` of ${run.batchesPerEpoch}`;
      log(`Interrupted (${stopMessage}) in epoch ${run.epoch} after batch ${run.batch}${batches}.`);
    }
    this.#say();
    this.#warnOfBadLoss();
    if (this.#loop.profiler !== undefined) log(this.#loop.profiler.toString());
  }

  /** Says what callbacks and the fit have noted since the last time. */
  #say(): void {
    const log = this.#parts.trainer.log ?? say.log;
    for (const note of this.#run.notes.splice(0)) log(note);
  }

  /** A loss that is no number says nothing; who watches for it has been told already. */
  #warnOfBadLoss(): void {
    const { trainer, val, snapshot, warn } = this.#parts;
    if (trainer.callbacks?.some((callback) => callback instanceof TerminateOnNaN)) return;
    const { history, epoch, epochFinished } = this.#run;
    const { meter } = this.#loop;
    const records: Pick<EpochRecord, 'epoch' | 'trainLoss'>[] = history.epochs.slice(
      snapshot?.history.epochs.length,
    );
    if (!epochFinished && meter.count > 0) records.push({ epoch, trainLoss: meter.loss });
    const message = badLoss(records, ['trainLoss', ...Object.keys(val).map((name) => `${name}Loss`)]);
    if (message !== undefined) warn(message);
  }
}
