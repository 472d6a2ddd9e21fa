import { InvalidArgumentError } from '@mnist-kit/core';
import { platform } from '#trainer/platform';
import { closedOptions } from '../closed-options.js';
import type { Callback, OptimizerStepReport } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord } from '../history.js';
import { isMissing } from '../storage/checkpoint-storage.js';

const { paths, storage } = platform;

/**
 * Options of {@link JsonlLogger}.
 *
 * @example
 * ```ts
 * import { JsonlLogger, type JsonlLoggerOptions } from '@mnist-kit/trainer';
 *
 * const options: JsonlLoggerOptions = { path: 'runs/first/log.jsonl', everyNSteps: 50 };
 * const callbacks = [new JsonlLogger(options)];
 * ```
 */
export interface JsonlLoggerOptions {
  /** The file, e.g. `runs/first/log.jsonl`. Its folder is created. */
  path: string;
  /** Also log every so many optimizer steps. Default 0: epochs only. */
  everyNSteps?: number;
}

/**
 * Appends one JSON object per line: `{"event": "step", …}` for optimizer steps, with the mean loss and the accuracy
 * of the batches in them, and `{"event": "epoch", …}` with the record of each epoch.
 *
 * Lines are held back until the epoch ends or a state is saved. A fit from the start sets the file of an earlier one
 * aside, in `previous-1` and so on beside it; a resumed one drops the lines of steps that are done again.
 *
 * @throws InvalidArgumentError for bad options; EngineError if the file cannot be written, at the start of a fit or when
 * the disk is full: it ends the fit, because a log that lacks lines would not be the run's. The file then ends in a
 * whole line.
 * @example
 * ```ts
 * import { JsonlLogger } from '@mnist-kit/trainer';
 *
 * const callbacks = [new JsonlLogger({ path: 'runs/first/log.jsonl', everyNSteps: 50 })];
 * ```
 */
export class JsonlLogger implements Callback {
  readonly name = 'JsonlLogger';
  readonly writesFiles = true;
  readonly #path: string;
  readonly #everyNSteps: number;
  #lines: string[] = [];
  /** Where the fit goes on; `undefined` once the file has no line from behind that any more. */
  #from: Pick<Run, 'step' | 'epochFinished'> | undefined;

  constructor(options: JsonlLoggerOptions) {
    const names = { path: true, everyNSteps: true } as const;
    const { path, everyNSteps = 0 } = closedOptions('JsonlLogger', options, names);
    if (typeof path !== 'string' || path === '')
      throw new InvalidArgumentError('path', 'must be the name of a file', path);
    if (!Number.isInteger(everyNSteps) || everyNSteps < 0)
      throw new InvalidArgumentError('everyNSteps', 'must be 0 or a positive integer', everyNSteps);
    this.#path = path;
    this.#everyNSteps = everyNSteps;
  }

  async onFitStart(run: Run): Promise<void> {
    const folder = paths.dirname(this.#path);
    await storage.makeFolder(folder);
    this.#lines = [];
    this.#from = { step: run.step, epochFinished: run.epochFinished };
    if (run.step === 0) run.replaces(folder, [paths.basename(this.#path)]);
  }

  async onEpochStart(): Promise<void> {
    await this.#begin();
  }

  onOptimizerStepEnd({ epoch }: Run, { step, loss, accuracy, lr }: OptimizerStepReport): void {
    if (this.#everyNSteps === 0 || step % this.#everyNSteps !== 0) return;
    this.#add({ event: 'step', epoch, step, loss, accuracy, lr });
  }

  async onEpochEnd(_run: Run, record: EpochRecord): Promise<void> {
    this.#add({ event: 'epoch', ...record });
    await this.#flush();
  }

  onBeforeSnapshot(): Promise<void> {
    return this.#flush();
  }

  async onFitEnd(): Promise<void> {
    await this.#begin();
    await this.#flush();
  }

  async onException(): Promise<void> {
    if (this.#from === undefined) await this.#flush();
  }

  /** Not in `onFitStart`: a fit that another callback refuses there must not touch what a living one writes. */
  async #begin(): Promise<void> {
    const from = this.#from;
    if (from === undefined) return;
    const old = from.step === 0 ? '' : await this.#read();
    const kept = old.split('\n').filter((line) => isBefore(line, from));
    await storage.write(this.#path, kept.map((line) => `${line}\n`).join(''));
    this.#from = undefined;
  }

  /** The file's text; none where there is no file. */
  async #read(): Promise<string> {
    try {
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await storage.read(this.#path));
    } catch (error) {
      if (isMissing(error)) return '';
      throw error;
    }
  }

  #add(entry: object): void {
    this.#lines.push(`${JSON.stringify(entry)}\n`);
  }

  async #flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const { length } = this.#lines;
    await storage.append(this.#path, this.#lines.join(''));
    this.#lines.splice(0, length);
  }
}

/** Whether a line was logged before the point from which a fit goes on. */
function isBefore(line: string, from: Pick<Run, 'step' | 'epochFinished'>): boolean {
  try {
    const { event, step } = JSON.parse(line) as { event: string; step: number };
    return step < from.step || (step === from.step && (event === 'step' || from.epochFinished));
  } catch {
    // The last line of a process that was killed may be cut off.
    return false;
  }
}
