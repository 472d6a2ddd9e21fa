import { InvalidArgumentError } from '@mnist-kit/core';
import { platform } from '#trainer/platform';
import { closedOptions } from '../closed-options.js';
import type { Callback, OptimizerStepReport } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord } from '../history.js';
import {
  type Hyperparameter,
  histogramEvent,
  hyperparametersEvent,
  imageEvent,
  restartEvent,
  type Stamp,
  scalarEvent,
  sessionEndEvent,
  versionEvent,
} from '../tensorboard/events.js';

const { paths, storage } = platform;

/**
 * Options of {@link TensorBoardLogger}.
 *
 * @example
 * ```ts
 * import { TensorBoardLogger, type TensorBoardLoggerOptions } from '@mnist-kit/trainer';
 *
 * const options: TensorBoardLoggerOptions = { dir: 'runs/first/tensorboard', histograms: true };
 * const callbacks = [new TensorBoardLogger(options)];
 * ```
 */
export interface TensorBoardLoggerOptions {
  /** Folder of the event files; `tensorboard --logdir` gets it or one above. Created if need be. */
  dir: string;
  /**
   * Log every so many optimizer steps: learning rate, and mean loss and accuracy of the batches in the step.
   * Default 50; 0 for none.
   */
  everyNSteps?: number;
  /** Log a histogram of every parameter after each epoch. Default false. */
  histograms?: boolean;
  /** Shown in the HParams tab. */
  hyperparameters?: Readonly<Record<string, Hyperparameter>>;
}

/**
 * Writes event files that TensorBoard shows: scalars of steps (`step/loss`) and epochs (`epoch/valLoss`),
 * histograms of parameters, hyperparameters, and the images that you add. What is added is held back
 * until the epoch ends or a state is saved. A fit from the start sets the files of an earlier one aside, in
 * `previous-1` and so on of the folder, where TensorBoard shows them as a run of their own.
 *
 * @throws InvalidArgumentError for bad options; EngineError for a folder that cannot be written, at the start of a fit
 * or when the disk is full: it ends the fit, and the file then ends in a whole record.
 * @example
 * ```ts
 * import { TensorBoardLogger } from '@mnist-kit/trainer';
 *
 * const logger = new TensorBoardLogger({ dir: 'runs/first/tensorboard', hyperparameters: { lr: 1e-3 } });
 * ```
 */
export class TensorBoardLogger implements Callback {
  readonly name = 'TensorBoardLogger';
  readonly writesFiles = true;
  readonly #options: Required<TensorBoardLoggerOptions>;
  #path: string | undefined;
  #records: Uint8Array[] = [];
  #begun = false;

  constructor(options: TensorBoardLoggerOptions) {
    const names = { dir: true, everyNSteps: true, histograms: true, hyperparameters: true } as const;
    const given = closedOptions('TensorBoardLogger', options, names);
    const { dir, everyNSteps = 50, histograms = false, hyperparameters = {} } = given;
    if (typeof dir !== 'string' || dir === '')
      throw new InvalidArgumentError('dir', 'must be the name of a folder', dir);
    if (!Number.isInteger(everyNSteps) || everyNSteps < 0)
      throw new InvalidArgumentError('everyNSteps', 'must be 0 or a positive integer', everyNSteps);
    if (typeof histograms !== 'boolean')
      throw new InvalidArgumentError('histograms', 'must be true or false', histograms);
    if (hyperparameters === null || typeof hyperparameters !== 'object' || Array.isArray(hyperparameters))
      throw new InvalidArgumentError(
        'hyperparameters',
        'must be values by name, such as { lr: 1e-3 }',
        hyperparameters,
      );
    for (const [name, value] of Object.entries(hyperparameters))
      if (!['string', 'number', 'boolean'].includes(typeof value))
        throw new InvalidArgumentError(
          `hyperparameters.${name}`,
          'must be text, a number or a boolean',
          value,
        );
    this.#options = { dir, everyNSteps, histograms, hyperparameters };
  }

  /** Adds a number of your own. */
  addScalar(tag: string, value: number, step: number): void {
    checkPlace(tag, step);
    if (typeof value !== 'number') throw new InvalidArgumentError('value', 'must be a number', value);
    this.#records.push(scalarEvent(now(step), tag, value));
  }

  /** Adds a histogram of your own. */
  addHistogram(tag: string, values: Float32Array, step: number): void {
    checkPlace(tag, step);
    if (!(values instanceof Float32Array))
      throw new InvalidArgumentError('values', 'must be a Float32Array', values);
    this.#records.push(histogramEvent(now(step), tag, values));
  }

  /** Adds an image, e.g. a confusion matrix from `@mnist-kit/plots`, as the bytes of a PNG file. */
  addImage(tag: string, png: Uint8Array, step: number): void {
    checkPlace(tag, step);
    // Its signature, and the header with width and height.
    if (!(png instanceof Uint8Array) || png.length < 24 || png[0] !== 0x89 || png[1] !== 0x50)
      throw new InvalidArgumentError('png', 'must be a PNG file', png);
    this.#records.push(imageEvent(now(step), tag, png));
  }

  async onFitStart(run: Run): Promise<void> {
    const { dir } = this.#options;
    await storage.makeFolder(dir);
    const earlier = (await storage.list(dir)).map(({ name }) => name).filter((name) => EVENT_FILE.test(name));
    if (run.step === 0) run.replaces(dir, earlier);
    this.#path = paths.join(dir, nameAfter(earlier));
    const start = [versionEvent(now(0))];
    if (run.step > 0) start.push(restartEvent(now(run.step + 1)));
    if (Object.keys(this.#options.hyperparameters).length > 0)
      start.push(hyperparametersEvent(now(0), this.#options.hyperparameters));
    this.#records.unshift(...start);
    this.#begun = false;
  }

  async onEpochStart(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    await this.#flush();
  }

  onOptimizerStepEnd({ lrs }: Run, { step, loss, accuracy, lr }: OptimizerStepReport): void {
    const { everyNSteps } = this.#options;
    if (everyNSteps === 0 || step % everyNSteps !== 0) return;
    this.addScalar('step/loss', loss, step);
    this.addScalar('step/accuracy', accuracy, step);
    this.addScalar('step/lr', lr, step);
    for (let i = 1; i < lrs.length; i++) this.addScalar(`step/lr/group${i}`, lrs[i], step);
  }

  async onEpochEnd(run: Run, record: EpochRecord): Promise<void> {
    for (const [key, value] of Object.entries(record))
      if (typeof value === 'number' && key !== 'step') this.addScalar(`epoch/${key}`, value, run.step);
    if (this.#options.histograms)
      for (const { name, value } of run.executor.parameters) this.addHistogram(name, value, run.step);
    await this.#flush();
  }

  onBeforeSnapshot(): Promise<void> {
    return this.#flush();
  }

  async onFitEnd(run: Run): Promise<void> {
    if (Object.keys(this.#options.hyperparameters).length > 0)
      this.#records.push(sessionEndEvent(now(run.step)));
    await this.#flush();
  }

  async onException(): Promise<void> {
    // A fit that was refused at its start leaves nothing.
    if (this.#begun) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#path === undefined || this.#records.length === 0) return;
    const { length } = this.#records;
    await storage.append(this.#path, joined(this.#records));
    this.#records.splice(0, length);
  }
}

/** What this logger calls its files. */
const EVENT_FILE = /^events\.out\.tfevents\.(.*)\.mnist-kit$/;

function joined(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}

/** The name of the next event file. Readers take them in the order of their names, and clocks are set back. */
function nameAfter(earlier: readonly string[]): string {
  const times = earlier.map((name) => Number(EVENT_FILE.exec(name)?.[1])).filter(Number.isFinite);
  const time = Math.max(now(0).wallTime, ...times.map((last) => last + 0.001));
  return `events.out.tfevents.${time.toFixed(6).padStart(17, '0')}.mnist-kit`;
}

/** Where something of the user's goes. */
function checkPlace(tag: string, step: number): void {
  if (typeof tag !== 'string' || tag === '')
    throw new InvalidArgumentError('tag', "must be a name, such as 'own/number'", tag);
  if (!Number.isSafeInteger(step) || step < 0)
    throw new InvalidArgumentError('step', 'must be a number of optimizer steps', step);
}

function now(step: number): Stamp {
  return { wallTime: Date.now() / 1000, step };
}
