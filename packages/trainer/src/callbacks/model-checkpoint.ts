import { InvalidArgumentError, ModelError, type TensorDict } from '@mnist-kit/core';
import { loadStateDict, readSafetensors, toTorchNames, writeSafetensors } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { defaultMode, type EpochRecord } from '../history.js';
import { checkMonitor, improves, monitored } from '../monitor.js';
import type { Run } from '../run.js';
import type { Callback } from './callback.js';
import { formatValue } from './epoch-line.js';

/** Options of {@link ModelCheckpoint}. */
export interface ModelCheckpointOptions {
  /** Folder of the checkpoints; created if need be. */
  dir: string;
  /** A number of the epoch's record. Default: `valLoss`, or `trainLoss` without validation. */
  monitor?: string;
  /** Whether smaller or larger is better. Default: `min` for names with "loss" or "error" in them. */
  mode?: 'min' | 'max';
  /** Keep the weights of the best epoch as `best.safetensors`. Default true. */
  saveBest?: boolean;
  /** Keep the weights of the last epoch, or of the step at which a fit ended, as `last.safetensors`. Default true. */
  saveLast?: boolean;
  /** Keep the best so many epochs as `epoch-0007.safetensors`, and so on. Default 0. */
  saveTopK?: number;
}

interface Kept {
  readonly epoch: number;
  readonly value: number;
}

/**
 * Keeps weights on disk: of the best epoch, of the last, of the best few. Needs Node.
 *
 * Each is a safetensors file under PyTorch's names (the weights' own names where PyTorch has none for a layer),
 * beside a JSON file of the same name with the epoch's record. Files are written whole or not at all.
 *
 * @throws InvalidArgumentError for options out of range; at the start of a fit for an unknown `monitor`, and
 * EngineError for a folder that cannot be written.
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
  readonly dir: string;
  readonly #options: Required<Pick<ModelCheckpointOptions, 'saveBest' | 'saveLast' | 'saveTopK'>>;
  readonly #mode: 'min' | 'max' | undefined;
  #monitor: string | undefined;
  #best: Kept | undefined;
  #top: Kept[] = [];
  #lastStep = -1;

  constructor(options: ModelCheckpointOptions) {
    const { dir, monitor, mode, saveBest = true, saveLast = true, saveTopK = 0 } = options;
    if (typeof dir !== 'string' || dir === '')
      throw new InvalidArgumentError('dir', 'must be the name of a folder', dir);
    if (mode !== undefined && mode !== 'min' && mode !== 'max')
      throw new InvalidArgumentError('mode', "must be 'min' or 'max'", mode);
    if (!Number.isInteger(saveTopK) || saveTopK < 0)
      throw new InvalidArgumentError('saveTopK', 'must be 0 or a positive integer', saveTopK);
    this.dir = dir;
    this.#monitor = monitor;
    this.#mode = mode;
    this.#options = { saveBest, saveLast, saveTopK };
  }

  /** Best value so far and its epoch. */
  get best(): { readonly epoch: number; readonly value: number } | undefined {
    return this.#best;
  }

  /** Puts the weights of `best.safetensors` into a model. */
  async loadBest(model: LayersModel): Promise<void> {
    const { join, readFile } = await import('../node/files.js');
    loadStateDict(model, readSafetensors(await readFile(join(this.dir, 'best.safetensors'))));
  }

  async onFitStart(run: Run): Promise<void> {
    this.#monitor ??= run.monitors.includes('valLoss') ? 'valLoss' : 'trainLoss';
    checkMonitor(this.#monitor, run.monitors);
    if (run.step === 0) {
      this.#best = undefined;
      this.#top = [];
      this.#lastStep = -1;
    }
    const { ensureWritableFolder } = await import('../node/files.js');
    await ensureWritableFolder(this.dir);
  }

  async onEpochEnd(run: Run, record: EpochRecord): Promise<void> {
    const value = monitored(record, this.#monitor!);
    const mode = this.#mode ?? defaultMode(this.#monitor!);
    const { saveBest, saveLast, saveTopK } = this.#options;
    const kept = { epoch: record.epoch, value };
    if (improves(value, this.#best?.value, mode)) {
      if (saveBest) await this.#save(run, 'best', record);
      this.#best = kept;
    }
    if (saveTopK > 0) await this.#keepTop(run, kept, record, mode);
    if (saveLast) await this.#saveLast(run, record);
  }

  async onFitEnd(run: Run): Promise<void> {
    if (this.#options.saveLast && run.step > 0) await this.#saveLast(run, run.history.last);
    if (!run.history.interrupted) return;
    const { join } = await import('../node/files.js');
    if (this.#options.saveBest && this.#best !== undefined)
      run.note(
        `Best weights (${this.#monitor} ${formatValue(this.#monitor!, this.#best.value)}, ` +
          `epoch ${this.#best.epoch}) kept in ${join(this.dir, 'best.safetensors')}.`,
      );
    if (this.#lastStep >= 0)
      run.note(`Last weights (step ${run.step}) kept in ${join(this.dir, 'last.safetensors')}.`);
  }

  state(): unknown {
    return { best: this.#best, top: this.#top };
  }

  loadState(state: unknown): void {
    const { best, top } = state as { best?: Kept; top: Kept[] };
    this.#best = best;
    this.#top = [...top];
  }

  async #saveLast(run: Run, record: EpochRecord | undefined): Promise<void> {
    if (this.#lastStep === run.step) return;
    await this.#save(run, 'last', record);
    this.#lastStep = run.step;
  }

  async #keepTop(run: Run, kept: Kept, record: EpochRecord, mode: 'min' | 'max'): Promise<void> {
    if (Number.isNaN(kept.value)) return;
    const sign = mode === 'min' ? 1 : -1;
    // Sorting is stable: of equals the earlier one stays.
    const ranked = [...this.#top, kept].sort((a, b) => sign * (a.value - b.value));
    const dropped = ranked.splice(this.#options.saveTopK);
    if (!dropped.includes(kept)) await this.#save(run, topName(kept), record);
    this.#top = ranked;
    const { join, rm } = await import('../node/files.js');
    for (const old of dropped) {
      if (old === kept) continue;
      await rm(join(this.dir, `${topName(old)}.safetensors`), { force: true });
      await rm(join(this.dir, `${topName(old)}.json`), { force: true });
    }
  }

  async #save(run: Run, name: string, record: EpochRecord | undefined): Promise<void> {
    const { join, writeFileAtomic } = await import('../node/files.js');
    const about = { epoch: run.epoch, step: run.step, monitor: this.#monitor };
    const weights = portableNames(run.model, await run.executor.readWeights());
    await writeFileAtomic(
      join(this.dir, `${name}.safetensors`),
      writeSafetensors(weights, { format: 'pt', epoch: String(run.epoch), step: String(run.step) }),
    );
    await writeFileAtomic(
      join(this.dir, `${name}.json`),
      `${JSON.stringify({ ...about, record }, null, 2)}\n`,
    );
  }
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
