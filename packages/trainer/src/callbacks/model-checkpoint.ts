import {
  CheckpointError,
  InvalidArgumentError,
  ModelError,
  type OptionNames,
  type Settings,
  type TensorDict,
} from '@mnist-kit/core';
import { loadStateDict, readSafetensors, toTorchNames, writeSafetensors } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { platform } from '#trainer/platform';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import type { EpochRecord } from '../history.js';
import { improves, monitored, monitorMode } from '../monitor.js';
import { CheckpointStore } from '../storage/checkpoint-store.js';
import { formatValue } from './epoch-line.js';

const { paths, storage } = platform;

/**
 * Options of {@link ModelCheckpoint}.
 *
 * @example
 * ```ts
 * import { ModelCheckpoint, type ModelCheckpointOptions } from '@mnist-kit/trainer';
 *
 * const options: ModelCheckpointOptions = { dir: 'runs/first', monitor: 'valAccuracy', everyNSteps: 100 };
 * const callbacks = [new ModelCheckpoint(options)];
 * ```
 */
export interface ModelCheckpointOptions {
  /** Folder of the checkpoints; created if need be. In a browser, of the site's own file system. */
  dir: string;
  /** A number of the epoch's record. Default: `valLoss`, or `trainLoss` without validation. */
  monitor?: string;
  /** Whether smaller or larger is better. Default: as the metric says, smaller for losses, larger for accuracies. */
  mode?: 'min' | 'max';
  /** Keep the weights of the best epoch as `best.safetensors`. Default true. */
  saveBest?: boolean;
  /** Keep the weights of the last epoch, or of the step at which a fit ended, as `last.safetensors`. Default true. */
  saveLast?: boolean;
  /** Keep the best so many epochs as `epoch-0007.safetensors`, and so on. Default 0. */
  saveTopK?: number;
  /** Keep everything that `resume` needs, in `checkpoints/` of the folder. Default true. */
  saveState?: boolean;
  /** Save the state after every so many epochs, the last one in any case; 0 for never. Default 1. */
  everyNEpochs?: number;
  /** Save the state after every so many optimizer steps. Default 0: never. */
  everyNSteps?: number;
  /** Save the state when so many minutes have gone by. Default 0: never. */
  everyNMinutes?: number;
  /** How many states are kept; more than one lets a fit resume when the newest is damaged. Default 2. */
  keepStates?: number;
}

const names: OptionNames<ModelCheckpointOptions> = {
  dir: true,
  monitor: true,
  mode: true,
  saveBest: true,
  saveLast: true,
  saveTopK: true,
  saveState: true,
  everyNEpochs: true,
  everyNSteps: true,
  everyNMinutes: true,
  keepStates: true,
};

const defaults = {
  saveBest: true,
  saveLast: true,
  saveTopK: 0,
  saveState: true,
  everyNEpochs: 1,
  everyNSteps: 0,
  everyNMinutes: 0,
  keepStates: 2,
};

const BEST = 'best.safetensors';
/** Folder of the states. */
const STATES = 'checkpoints';

interface Kept {
  readonly epoch: number;
  readonly value: number;
}

/**
 * Keeps weights in files, of the best epoch, of the last, of the best few; and the whole state of the fit, so
 * that a fit that was interrupted or killed can go on. In a browser the files are in the site's own file system (OPFS),
 * see {@link checkpointStorage}.
 *
 * Weights are safetensors files under PyTorch's names (the weights' own names where PyTorch has none for a
 * layer), each beside a JSON file of the same name with the epoch's record. States are folders
 * `checkpoints/checkpoint-000001`, and so on, of safetensors, JSON and a manifest with checksums. Everything is
 * written whole or not at all, and the previous state stays until the next one is whole. Signals
 * save the state of the step at which they end the fit.
 *
 * A fit from the start moves what an earlier one left in the folder into `previous-1`, `previous-2`, … of it.
 *
 * @throws InvalidArgumentError for options out of range; at the start of a fit for an unknown `monitor` or
 * one of which nothing says which way is better, and
 * EngineError for a folder that cannot be written, CheckpointError for one that another fit writes to,
 * or wrote to while this one began.
 * @example
 * ```ts
 * import { ModelCheckpoint } from '@mnist-kit/trainer';
 *
 * const checkpoint = new ModelCheckpoint({ dir: 'runs/first', monitor: 'valAccuracy' });
 * // after a fit with `callbacks: [checkpoint]`: checkpoint.loadBest(model)
 * ```
 */
export class ModelCheckpoint implements Callback {
  readonly name = 'ModelCheckpoint';
  readonly runsLast = true;
  readonly writesFiles = true;
  readonly dir: string;
  readonly #options: Required<Omit<ModelCheckpointOptions, 'dir' | 'monitor' | 'mode'>>;
  readonly #given: Pick<ModelCheckpointOptions, 'monitor' | 'mode'>;
  #monitor = 'valLoss';
  #mode: 'min' | 'max' = 'min';
  #best: Kept | undefined;
  #top: Kept[] = [];
  /** Step whose weights `last` holds; at its end a fit may put others in place, such as an average. */
  #lastStep = -1;
  readonly #states: CheckpointStore;
  #unlock: (() => Promise<void>) | undefined;
  /** Where the state was saved last. */
  #savedAt = '';
  #savedTime = 0;
  #damaged: readonly string[] = [];

  constructor(options: ModelCheckpointOptions) {
    const { dir, monitor, mode, ...rest } = closedOptions('ModelCheckpoint', options, names);
    const settings = { ...defaults, ...withoutUndefined(rest) };
    if (typeof dir !== 'string' || dir === '')
      throw new InvalidArgumentError('dir', 'must be the name of a folder', dir);
    if (mode !== undefined && mode !== 'min' && mode !== 'max')
      throw new InvalidArgumentError('mode', "must be 'min' or 'max'", mode);
    for (const name of ['saveTopK', 'everyNEpochs', 'everyNSteps'] as const)
      if (!Number.isInteger(settings[name]) || settings[name] < 0)
        throw new InvalidArgumentError(name, 'must be 0 or a positive integer', settings[name]);
    if (!(settings.everyNMinutes >= 0))
      throw new InvalidArgumentError('everyNMinutes', 'must be 0 or more', settings.everyNMinutes);
    if (!Number.isInteger(settings.keepStates) || settings.keepStates < 1)
      throw new InvalidArgumentError('keepStates', 'must be a positive integer', settings.keepStates);
    this.dir = dir;
    this.#given = { monitor, mode };
    this.#options = settings;
    this.#states = new CheckpointStore(paths.join(dir, STATES), settings.keepStates);
  }

  /** Which epoch is the best: the best one so far means nothing by another measure. */
  get settings(): Settings {
    const { monitor = 'valLoss', mode } = this.#given;
    return { monitor, mode };
  }

  /** Best value so far and its epoch. */
  get best(): { readonly epoch: number; readonly value: number } | undefined {
    return this.#best;
  }

  /**
   * Puts the weights of `best.safetensors` into a model.
   *
   * @throws CheckpointError when that file cannot be read.
   */
  async loadBest(model: LayersModel): Promise<void> {
    const path = paths.join(this.dir, BEST);
    const bytes = await storage.read(path).catch((cause: { code?: unknown }) => {
      throw new CheckpointError(
        `${path} cannot be read (${cause.code}): a fit with \`saveBest\` writes it when an epoch is the best so far.`,
        { cause },
      );
    });
    loadStateDict(model, readSafetensors(bytes));
  }

  async onFitStart(run: Run): Promise<void> {
    this.#monitor = this.#given.monitor ?? (run.monitors.includes('valLoss') ? 'valLoss' : 'trainLoss');
    this.#mode = monitorMode(run, this.#monitor, this.#given.mode);
    if (run.step === 0) {
      this.#best = undefined;
      this.#top = [];
      this.#lastStep = -1;
    }
    await storage.makeFolder(this.dir);
    this.#unlock = await storage.lock(this.dir);
    await this.#states.begin();
    await storage.removeLeftovers(this.dir, (name) => isWeights(name) || name === STATES);
    if (run.step === 0) run.replaces(this.dir, await this.#earlierFiles());
    this.#savedAt = '';
    this.#savedTime = performance.now();
    for (const message of this.#damaged) run.note(message);
    if (await this.#isBestElsewhere())
      run.note(
        `The best epoch so far is ${this.#best?.epoch}, and its weights are not in ${this.dir} but where the fit was ` +
          `before: ${BEST} will be that of a better one.`,
      );
  }

  /** Whether the best weights stayed behind, in the folder that a checkpoint was taken from by its path. */
  async #isBestElsewhere(): Promise<boolean> {
    if (!this.#options.saveBest || this.#best === undefined) return false;
    return !(await this.#names()).includes(BEST);
  }

  async onEpochEnd(run: Run, record: EpochRecord): Promise<void> {
    const value = monitored(record, this.#monitor);
    const { saveBest, saveLast, saveTopK } = this.#options;
    if (value !== undefined) {
      const kept = { epoch: record.epoch, value };
      if (improves(value, this.#best?.value, this.#mode)) {
        if (saveBest) await this.#save(run, 'best', record);
        this.#best = kept;
      }
      if (saveTopK > 0) await this.#keepTop(run, kept, record);
    }
    if (saveLast) await this.#saveLast(run, record);
  }

  async onSafePoint(run: Run): Promise<void> {
    if (this.#options.saveState && this.#isDue(run)) await this.#saveState(run);
  }

  async onException(run: Run): Promise<void> {
    try {
      // Refused when the error came from inside a step: then the state before it is the one to go on from.
      if (this.#unlock !== undefined && this.#options.saveState) await this.#saveState(run).catch(ignore);
    } finally {
      await this.#release();
    }
  }

  /** The newest whole state in the folder; what is wrong with newer ones is said at the end of the fit. */
  async latestCheckpoint(): Promise<RunSnapshot | undefined> {
    const latest = await this.#states.latest();
    this.#damaged = latest?.damaged ?? [];
    return latest?.snapshot;
  }

  async onFitEnd(run: Run): Promise<void> {
    await this.#saveAtEnd(run).finally(() => this.#release());
  }

  async #saveAtEnd(run: Run): Promise<void> {
    if (this.#options.saveLast && run.step > 0) await this.#saveLast(run, run.history.last);
    if (!run.history.interrupted) return;
    if (this.#options.saveBest && this.#best !== undefined && !(await this.#isBestElsewhere()))
      run.note(
        `Best weights (${this.#monitor} ${formatValue(this.#monitor, this.#best.value)}, ` +
          `epoch ${this.#best.epoch}) kept in ${paths.join(this.dir, BEST)}.`,
      );
    if (this.#lastStep >= 0)
      run.note(`Last weights (step ${run.step}) kept in ${paths.join(this.dir, 'last.safetensors')}.`);
  }

  state(): unknown {
    return { best: this.#best, top: this.#top, lastStep: this.#lastStep };
  }

  loadState(state: unknown): void {
    const { best, top, lastStep = -1 } = state as { best?: Kept; top: Kept[]; lastStep?: number };
    this.#lastStep = lastStep;
    this.#best = best;
    this.#top = [...top];
  }

  /** What an earlier fit left in the folder; the states first, which `resume: 'auto'` would go on from. */
  async #earlierFiles(): Promise<string[]> {
    const states = (await this.#states.isEmpty()) ? [] : [STATES];
    return [...states, ...(await this.#names()).filter(isWeights)];
  }

  async #names(): Promise<string[]> {
    return (await storage.list(this.dir)).map(({ name }) => name);
  }

  #isDue(run: Run): boolean {
    const { everyNEpochs, everyNSteps, everyNMinutes } = this.#options;
    if (run.stoppingNow) return true;
    if (run.epochFinished && everyNEpochs > 0)
      return run.stopping || run.epoch >= run.epochs || run.epoch % everyNEpochs === 0;
    if (everyNSteps > 0 && !run.epochFinished && run.step % everyNSteps === 0) return true;
    return everyNMinutes > 0 && performance.now() - this.#savedTime >= everyNMinutes * 60_000;
  }

  async #saveState(run: Run): Promise<void> {
    const at = `${run.step} ${run.epochFinished}`;
    if (this.#savedAt === at) return;
    await this.#states.save(await run.snapshot());
    this.#savedAt = at;
    this.#savedTime = performance.now();
  }

  async #release(): Promise<void> {
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  async #saveLast(run: Run, record: EpochRecord | undefined): Promise<void> {
    if (this.#lastStep === run.step) return;
    await this.#save(run, 'last', record);
    this.#lastStep = run.step;
  }

  async #keepTop(run: Run, kept: Kept, record: EpochRecord): Promise<void> {
    if (Number.isNaN(kept.value)) return;
    const sign = this.#mode === 'min' ? 1 : -1;
    // Sorting is stable: of equals the earlier one stays.
    const ranked = [...this.#top, kept].sort((a, b) => sign * (a.value - b.value));
    const dropped = ranked.splice(this.#options.saveTopK);
    if (!dropped.includes(kept)) await this.#save(run, topName(kept), record);
    this.#top = ranked;
    for (const old of dropped) {
      if (old === kept) continue;
      await storage.remove(paths.join(this.dir, `${topName(old)}.safetensors`));
      await storage.remove(paths.join(this.dir, `${topName(old)}.json`));
    }
  }

  async #save(run: Run, name: string, record: EpochRecord | undefined): Promise<void> {
    const about = { epoch: run.epoch, step: run.step, monitor: this.#monitor };
    const weights = portableNames(run.model, await run.executor.readWeights());
    await storage.write(
      paths.join(this.dir, `${name}.safetensors`),
      writeSafetensors(weights, { format: 'pt', epoch: String(run.epoch), step: String(run.step) }),
    );
    await storage.write(
      paths.join(this.dir, `${name}.json`),
      `${JSON.stringify({ ...about, record }, null, 2)}\n`,
    );
  }
}

const ignore = () => {};

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Whether a file is one of those that are kept in the folder beside the states. */
function isWeights(name: string): boolean {
  return /^(best|last|epoch-\d{4,})\.(safetensors|json)$/.test(name);
}

function topName({ epoch }: Kept): string {
  return `epoch-${String(epoch).padStart(4, '0')}`;
}

/** PyTorch's names where it has them for every layer, the weights' own otherwise. */
function portableNames(model: LayersModel, weights: TensorDict): TensorDict {
  try {
    return toTorchNames(model, weights);
  } catch (error) {
    if (error instanceof ModelError) return weights;
    throw error;
  }
}
