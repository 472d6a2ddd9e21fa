import { InvalidArgumentError, type OptionNames, type Settings, type TensorDict } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';
import type { EpochRecord } from '../history.js';
import { improves, monitored, monitorMode } from '../monitor.js';
import { stateWithNumbers } from '../state/callback-state.js';

/**
 * Options of {@link EarlyStopping}; at least one of `patience` and `target` is needed.
 *
 * @example
 * ```ts
 * import { EarlyStopping, type EarlyStoppingOptions } from '@mnist-kit/trainer';
 *
 * const options: EarlyStoppingOptions = { monitor: 'valLoss', patience: 3, minDelta: 1e-3, restoreBest: true };
 * const callbacks = [new EarlyStopping(options)];
 * ```
 */
export interface EarlyStoppingOptions {
  /** A number of the epoch's record, e.g. `valAccuracy`. Default `valLoss`. */
  monitor?: string;
  /** Whether smaller or larger is better. Default: as the metric says, smaller for losses, larger for accuracies. */
  mode?: 'min' | 'max';
  /** Stops after this many epochs in a row without improvement. */
  patience?: number;
  /** How much better a value must be to count as an improvement. Default 0. */
  minDelta?: number;
  /** Stops as soon as the value is this good. */
  target?: number;
  /** Puts the weights of the best epoch back at the end. Default false. */
  restoreBest?: boolean;
}

const names: OptionNames<EarlyStoppingOptions> = {
  monitor: true,
  mode: true,
  patience: true,
  minDelta: true,
  target: true,
  restoreBest: true,
};

interface State {
  best?: number;
  last?: number;
  bestEpoch: number;
  wait: number;
  bestWeights?: TensorDict;
}

/**
 * Ends a fit when the monitored value has stopped improving or is good enough.
 *
 * A fit that it ended and that is resumed stays ended, and says so, unless `patience` or `target` ask for more.
 *
 * @throws InvalidArgumentError for options out of range; at the start of a fit for an unknown `monitor`,
 * or one of which nothing says which way is better.
 * @example
 * ```ts
 * import { EarlyStopping } from '@mnist-kit/trainer';
 *
 * const callbacks = [new EarlyStopping({ monitor: 'valAccuracy', target: 0.994, patience: 5 })];
 * ```
 */
export class EarlyStopping implements Callback {
  readonly name = 'EarlyStopping';
  // What it restores must not be replaced by an average that another callback puts in place.
  readonly runsLast: boolean;
  readonly #monitor: string;
  readonly #givenMode: 'min' | 'max' | undefined;
  #mode: 'min' | 'max' = 'min';
  readonly #patience: number | undefined;
  readonly #minDelta: number;
  readonly #target: number | undefined;
  readonly #restoreBest: boolean;
  #state: State = { bestEpoch: 0, wait: 0 };

  constructor(options: EarlyStoppingOptions) {
    const given = closedOptions('EarlyStopping', options, names);
    const { monitor = 'valLoss', mode, patience, minDelta = 0, target, restoreBest = false } = given;
    if (patience === undefined && target === undefined)
      throw new InvalidArgumentError('patience', 'or `target` must be given', patience);
    if (patience !== undefined && (!Number.isInteger(patience) || patience < 1))
      throw new InvalidArgumentError('patience', 'must be a positive integer', patience);
    if (!(minDelta >= 0)) throw new InvalidArgumentError('minDelta', 'must be 0 or more', minDelta);
    if (target !== undefined && !Number.isFinite(target))
      throw new InvalidArgumentError('target', 'must be a finite number', target);
    if (mode !== undefined && mode !== 'min' && mode !== 'max')
      throw new InvalidArgumentError('mode', "must be 'min' or 'max'", mode);
    this.#monitor = monitor;
    this.#givenMode = mode;
    this.#patience = patience;
    this.#minDelta = minDelta;
    this.#target = target;
    this.#restoreBest = restoreBest;
    this.runsLast = restoreBest;
  }

  /** Epoch of the best value so far; 0 before there is one. */
  get bestEpoch(): number {
    return this.#state.bestEpoch;
  }

  /** `patience` and `target` are limits, which a fit that goes on may raise, as that of its epochs. */
  get settings(): Settings {
    return {
      monitor: this.#monitor,
      mode: this.#givenMode,
      minDelta: this.#minDelta,
      restoreBest: this.#restoreBest,
    };
  }

  onFitStart(run: Run): void {
    this.#mode = monitorMode(run, this.#monitor, this.#givenMode);
    if (run.epoch === 0) this.#state = { bestEpoch: 0, wait: 0 };
    // A fit that had ended for this stays ended, unless patience or target are others now.
    else this.#judge(run);
  }

  async onEpochEnd(run: Run, record: EpochRecord): Promise<void> {
    const state = this.#state;
    const value = monitored(record, this.#monitor);
    if (value === undefined) return;
    if (improves(value, state.best, this.#mode, this.#minDelta)) {
      state.best = value;
      state.bestEpoch = record.epoch;
      state.wait = 0;
      if (this.#restoreBest) state.bestWeights = await run.executor.readWeights();
    } else state.wait++;
    state.last = value;
    this.#judge(run);
  }

  async onFitEnd(run: Run): Promise<void> {
    if (this.#state.bestWeights === undefined) return;
    await run.executor.writeWeights(this.#state.bestWeights);
    run.note(`Weights of epoch ${this.#state.bestEpoch} restored (${this.#monitor} ${this.#state.best}).`);
  }

  #judge(run: Run): void {
    const { best, last = Number.NaN, bestEpoch, wait } = this.#state;
    if (this.#target !== undefined && (this.#mode === 'max' ? last >= this.#target : last <= this.#target))
      run.stop(`${this.#monitor} reached ${last}, target ${this.#target}`, { final: false });
    else if (this.#patience !== undefined && wait >= this.#patience)
      run.stop(`${this.#monitor} has not improved for ${wait} epochs (best ${best} in epoch ${bestEpoch})`, {
        final: false,
      });
  }

  state(): unknown {
    return { ...this.#state };
  }

  loadState(state: unknown): void {
    this.#state = { ...stateWithNumbers<State>(this.name, state, ['bestEpoch', 'wait']) };
  }
}
