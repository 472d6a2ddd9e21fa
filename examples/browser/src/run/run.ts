import type { TensorDict } from '@mnist-kit/core';
import {
  type ExecutorFacts,
  TrainingClient,
  type TrainingFit,
  type WorkerTrainingEvent,
} from '@mnist-kit/trainer/worker';
import { computed, type Signal, signal } from '@preact/signals';
import type { Settings } from '../settings/settings.js';
import type { FitRequest } from '../worker/messages.js';
import type { Host } from '../worker/training.worker.js';
import type { DrawnDigits } from '../worker/training-data.js';
import { Clock } from './clock.js';
import { Curves } from './curves.js';
import { type Figures, type Judgement, NO_FIGURES, type Phase } from './figures.js';
import { readLastWeights, removeRunFolder } from './run-folder.js';
import { forgetRun, loadRun, saveRun } from './saved-run.js';

/** What a run is told by the page when it starts. */
export interface StartOptions {
  readonly mnistUrl: string;
  readonly threads: number;
  readonly drawn?: DrawnDigits;
  /** Weights to start from, a safetensors file. */
  readonly initial?: Uint8Array;
}

/** Milliseconds between two times that figures change. */
const SHOW_EVERY = 100;
/** Milliseconds between two times that a run is remembered. */
const REMEMBER_EVERY = 4000;

/** A training and what the page shows of it. The work is done in a worker. */
export class Run {
  readonly id: 'a' | 'b';
  /** As they stand on the page; what is trained has been copied when it began. */
  readonly settings: Signal<Settings>;
  /** What is trained, or was. */
  readonly trained = signal<Settings | undefined>(undefined);
  readonly phase = signal<Phase>('idle');
  readonly figures = signal<Figures>(NO_FIGURES);
  readonly judgement = signal<Judgement | undefined>(undefined);
  readonly curves = new Curves();
  /** What went wrong, for people. */
  readonly error = signal<string | undefined>(undefined);
  /** What the training warned of last. */
  readonly warning = signal<string | undefined>(undefined);
  /** What it runs on. */
  readonly engine = signal<ExecutorFacts | undefined>(undefined);
  /** Bytes of data that came, and how many there are. */
  readonly progress = signal<{ loaded: number; total: number | undefined } | undefined>(undefined);
  /** What the visitor's slider makes of the schedule's rates. */
  readonly factor = signal(1);
  readonly active = computed(() => ['starting', 'training', 'pausing'].includes(this.phase.value));
  readonly #clock = new Clock();
  #client: TrainingClient<Host> | undefined;
  #fit: TrainingFit | undefined;
  #folder = '';
  #stepsPerEpoch = 0;
  /** Step behind which the curves are old ones, until the first step of a resumed fit says where it is. */
  #resumed = false;
  #remembered = 0;
  /** Figures that are not on the page yet. */
  #pending: Partial<Figures> = {};
  #shown = 0;

  constructor(id: 'a' | 'b', settings: Settings) {
    this.id = id;
    this.settings = signal(settings);
    this.#recall();
  }

  /** Trains from the start. */
  async start(options: StartOptions): Promise<void> {
    await this.discard();
    this.#folder = `runs/${this.id}-${Date.now().toString(36)}`;
    this.trained.value = this.settings.value;
    await this.#train(options, false);
  }

  /** Goes on where it was paused, after a reload as well. */
  async resume(options: StartOptions): Promise<void> {
    this.#resumed = true;
    await this.#train(options, true);
  }

  /** Ends the fit after the step that it is in, and keeps everything that it needs to go on. */
  pause(): void {
    if (this.phase.value !== 'training' && this.phase.value !== 'starting') return;
    this.phase.value = 'pausing';
    this.#fit?.abort();
  }

  /** Forgets the run. */
  async discard(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#fit = undefined;
    await client?.terminate();
    forgetRun(this.id);
    await removeRunFolder(this.#folder);
    this.#folder = '';
    this.#clock.load(0);
    this.curves.clear();
    this.trained.value = undefined;
    this.figures.value = NO_FIGURES;
    this.judgement.value = undefined;
    this.error.value = undefined;
    this.warning.value = undefined;
    this.progress.value = undefined;
    this.factor.value = 1;
    this.phase.value = 'idle';
  }

  /** Multiplies the rates of the schedule; heard while it trains. */
  setFactor(factor: number): void {
    this.factor.value = factor;
    if (this.#client !== undefined && this.phase.value !== 'starting')
      void this.#client.call('setFactor', factor);
  }

  /** The weights of this moment; `undefined` before there are any. */
  async weights(): Promise<TensorDict | undefined> {
    if (!this.hasNet) return undefined;
    return this.#asked().call('weights');
  }

  async pictures(positions: readonly number[]): Promise<Uint8Array> {
    return this.#asked().call('pictures', positions);
  }

  /** The weights that a run of an earlier visit left, a safetensors file; `undefined` where there are none. */
  async storedWeights(): Promise<Uint8Array | undefined> {
    return readLastWeights(this.#folder);
  }

  /** Whether there is a net in the worker that can be asked. */
  get hasNet(): boolean {
    return this.#client !== undefined && this.figures.value.step > 0 && this.phase.value !== 'starting';
  }

  #asked(): TrainingClient<Host> {
    if (this.#client === undefined) throw new Error('Nothing is being trained.');
    return this.#client;
  }

  async #train({ mnistUrl, threads, drawn, initial }: StartOptions, resume: boolean): Promise<void> {
    const settings = this.trained.value;
    if (settings === undefined) return;
    this.error.value = undefined;
    this.phase.value = 'starting';
    this.#client ??= new TrainingClient<Host>(
      () =>
        new Worker(new URL('../worker/training.worker.ts', import.meta.url), {
          type: 'module',
          name: `training ${this.id}`,
        }),
    );
    const request: FitRequest = {
      ...{ settings, folder: this.#folder, threads, resume, initial, mnistUrl },
      // Only what is trained on: copied into the worker.
      drawn: settings.data === 'drawn' ? drawn : undefined,
    };
    const fit = this.#client.fit(request);
    this.#fit = fit;
    try {
      for await (const event of fit) this.#take(event, settings);
      const { stopReason } = await fit.result;
      this.#show(performance.now());
      this.#clock.stop();
      this.phase.value = stopReason === 'interrupted' ? 'paused' : 'finished';
    } catch (error) {
      // A worker that was ended with its run says so; nobody waits for it any more.
      if (this.#fit !== fit) return;
      this.#clock.stop();
      this.error.value = error instanceof Error ? error.message : String(error);
      this.phase.value = 'failed';
    } finally {
      this.progress.value = undefined;
    }
    this.#remember();
  }

  #take(event: WorkerTrainingEvent, settings: Settings): void {
    const now = performance.now();
    switch (event.type) {
      case 'message':
        this.progress.value = event.message as { loaded: number; total: number | undefined };
        break;
      case 'start':
        this.progress.value = undefined;
        this.engine.value = event.executor;
        this.#stepsPerEpoch = event.batchesPerEpoch ?? 0;
        this.#update({ epochs: settings.epochs, steps: settings.epochs * this.#stepsPerEpoch });
        this.#clock.start(now);
        if (this.phase.value === 'starting') this.phase.value = 'training';
        if (this.factor.value !== 1) this.setFactor(this.factor.value);
        break;
      case 'step':
        this.#step(event, now);
        break;
      case 'validation':
        this.#clock.interrupt(now);
        this.#judge(event.result);
        break;
      case 'warning':
        this.warning.value = event.line;
        break;
      default:
        break;
    }
  }

  #step({ step, epoch, merged, lr }: StepEvent, now: number): void {
    if (this.#resumed) {
      this.#resumed = false;
      this.curves.cutAfter(step - merged.steps);
    }
    this.#clock.mark(now, step);
    const smooth = this.curves.addStep(step, merged.loss, merged.accuracy, lr);
    const { seconds, itPerSecond } = this.#clock;
    this.#pending = { ...this.#pending, epoch, step, lr, ...smooth, seconds, itPerSecond };
    if (now - this.#shown > SHOW_EVERY) this.#show(now);
    if (now - this.#remembered > REMEMBER_EVERY) this.#remember();
  }

  /** Puts on the page what has come since it was last done: figures that change faster cannot be read. */
  #show(now: number): void {
    this.#shown = now;
    this.curves.changed();
    this.#update({});
  }

  #judge(result: Readonly<Record<string, unknown>>): void {
    this.#show(performance.now());
    const { step, bestAccuracy = 0, secondsTo99 } = this.figures.value;
    const valLoss = result.valLoss as number;
    const valAccuracy = result.valAccuracy as number;
    this.curves.addValidation(step, valLoss, valAccuracy);
    this.curves.changed();
    const { seconds } = this.#clock;
    this.#update({
      ...{ valLoss, valAccuracy, seconds, bestAccuracy: Math.max(bestAccuracy, valAccuracy) },
      secondsTo99: secondsTo99 ?? (valAccuracy >= 0.99 ? seconds : undefined),
    });
    this.judgement.value = {
      step,
      confusion: result.valConfusion as Judgement['confusion'],
      worst: result.valWorst as Judgement['worst'],
    };
  }

  #update(changes: Partial<Figures>): void {
    this.figures.value = { ...this.figures.value, ...this.#pending, ...changes };
    this.#pending = {};
  }

  #remember(): void {
    const settings = this.trained.value;
    if (settings === undefined) return;
    this.#remembered = performance.now();
    const { step, epoch, seconds, secondsTo99 } = this.figures.value;
    saveRun(this.id, {
      ...{ settings, folder: this.#folder, step, epoch, seconds, secondsTo99 },
      factor: this.factor.value,
      finished: this.phase.value === 'finished',
      curves: this.curves.toJSON(),
    });
  }

  /** Puts back what an earlier visit left. */
  #recall(): void {
    const saved = loadRun(this.id);
    if (saved === undefined || saved.step === 0) return;
    this.#folder = saved.folder;
    this.trained.value = saved.settings;
    this.curves.load(saved.curves);
    this.#clock.load(saved.seconds);
    this.factor.value = saved.factor;
    const { series } = this.curves;
    const { step, epoch, seconds, secondsTo99 } = saved;
    this.figures.value = {
      ...NO_FIGURES,
      ...{ step, epoch, seconds, secondsTo99, epochs: saved.settings.epochs },
      loss: series.smoothLoss.last,
      accuracy: series.accuracy.last,
      valLoss: series.valLoss.last,
      valAccuracy: series.valAccuracy.last,
      bestAccuracy: series.valAccuracy.values.length > 0 ? Math.max(...series.valAccuracy.values) : undefined,
      lr: series.lr.last ?? 0,
    };
    this.phase.value = saved.finished ? 'finished' : 'paused';
  }
}

type StepEvent = Extract<WorkerTrainingEvent, { type: 'step' }>;
