import {
  CheckpointError,
  InvalidArgumentError,
  math,
  type OptionNames,
  type Parameter,
  type Settings,
} from '@mnist-kit/core';
import { checkBoolean, checkRange } from './check.js';
import {
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type ParameterGroup,
  type ParameterSlots,
} from './optimizer.js';

/**
 * Options of {@link Adam} and {@link AdamW}.
 *
 * @example
 * ```ts
 * import { type AdamOptions, AdamW } from '@mnist-kit/optim';
 *
 * const options: AdamOptions = { lr: 1e-3, betas: [0.9, 0.99], weightDecay: 1e-2 };
 * const optimizer = new AdamW(options);
 * ```
 */
export interface AdamOptions extends OptimizerOptions {
  /** Decay rates of the running averages of the gradient and of its square, default `[0.9, 0.999]`. */
  betas?: readonly [number, number];
  /** Added to the denominator, default 1e-8. */
  eps?: number;
  /** Divide by the largest running average of the square so far, default false. */
  amsgrad?: boolean;
}

/** Every option of Adam and AdamW. */
export const adamOptionNames: OptionNames<AdamOptions> = {
  lr: true,
  betas: true,
  eps: true,
  weightDecay: true,
  amsgrad: true,
  groups: true,
};

const { sqrt } = Math;

/** What Adam and AdamW share; they differ in where the weight decay goes. */
export abstract class AdamBase extends Optimizer {
  protected readonly slotNames: readonly string[];
  declare momentum: number;
  readonly #beta2: number;
  readonly #eps: number;
  readonly #amsgrad: boolean;
  /** Bias corrections of the last update; most parameters are at the same step, and powers take their time. */
  #bias = { step: 0, momentum: Number.NaN, first: 0, second: 0 };

  constructor(options: AdamOptions) {
    super(options);
    const { betas = [0.9, 0.999], eps = 1e-8, amsgrad = false } = options;
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new InvalidArgumentError('betas', 'must be two numbers', betas);
    checkRange('betas[0]', betas[0], 0, 1);
    checkRange('betas[1]', betas[1], 0, 1);
    checkRange('eps', eps, 0);
    checkBoolean('amsgrad', amsgrad);
    this.giveMomentum('betas', betas[0]);
    this.#beta2 = betas[1];
    this.#eps = eps;
    this.#amsgrad = amsgrad;
    this.slotNames = amsgrad ? ['expAvg', 'expAvgSq', 'maxExpAvgSq'] : ['expAvg', 'expAvgSq'];
  }

  /** @throws CheckpointError besides, when the state has what only AMSGrad keeps and this is not AMSGrad. */
  override loadState(state: OptimizerState): void {
    const saved = Object.keys(state?.tensors ?? {}).find((name) => name.endsWith('.maxExpAvgSq'));
    if (saved !== undefined && !this.#amsgrad && state.kind === this.kind)
      throw new CheckpointError(`The state holds ${saved}: make this ${this.kind} with amsgrad: true.`);
    super.loadState(state);
  }

  protected override ownSettings(): Settings {
    return { betas: [this.givenMomentum, this.#beta2], eps: this.#eps, amsgrad: this.#amsgrad };
  }

  /** Factor on the value before the update, and weight of the value in the gradient. */
  protected abstract decay(group: ParameterGroup): { shrink: number; penalty: number };

  protected update({ value, gradient }: Parameter, group: ParameterGroup, slots: ParameterSlots): void {
    const { shrink, penalty } = this.decay(group);
    const { first, second } = this.#biasAt(slots.step);
    const coefficients: Coefficients = {
      shrink,
      penalty,
      beta1: this.momentum,
      beta2: this.#beta2,
      eps: this.#eps,
      rate: group.lr / first,
      correction: 1 / second,
    };
    const [expAvg, expAvgSq, maxExpAvgSq] = slots.arrays;
    if (this.#amsgrad) amsgradStep(value, gradient, expAvg, expAvgSq, maxExpAvgSq, coefficients);
    else adamStep(value, gradient, expAvg, expAvgSq, coefficients);
  }

  #biasAt(step: number): { readonly first: number; readonly second: number } {
    const { momentum } = this;
    if (this.#bias.step !== step || this.#bias.momentum !== momentum) {
      const second = sqrt(1 - math.pow(this.#beta2, step));
      this.#bias = { step, momentum, first: 1 - math.pow(momentum, step), second };
    }
    return this.#bias;
  }
}

interface Coefficients {
  readonly shrink: number;
  readonly penalty: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly rate: number;
  readonly correction: number;
}

// The moments and values are float32, what lies between is float64: rounding to float32 after every
// operation, as PyTorch does, takes three times as long and is less accurate.

function adamStep(
  value: Float32Array,
  gradient: Float32Array,
  expAvg: Float32Array,
  expAvgSq: Float32Array,
  { shrink, penalty, beta1, beta2, eps, rate, correction }: Coefficients,
): void {
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  for (let i = 0; i < value.length; i++) {
    const p = value[i] * shrink;
    const g = p * penalty + gradient[i];
    const m = expAvg[i] * beta1 + g * rest1;
    const v = expAvgSq[i] * beta2 + rest2 * g * g;
    expAvg[i] = m;
    expAvgSq[i] = v;
    value[i] = p - (rate * m) / (sqrt(v) * correction + eps);
  }
}

// A loop of its own: a branch in the one above would make engines compile that one badly.
function amsgradStep(
  value: Float32Array,
  gradient: Float32Array,
  expAvg: Float32Array,
  expAvgSq: Float32Array,
  maxExpAvgSq: Float32Array,
  { shrink, penalty, beta1, beta2, eps, rate, correction }: Coefficients,
): void {
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  for (let i = 0; i < value.length; i++) {
    const p = value[i] * shrink;
    const g = p * penalty + gradient[i];
    const m = expAvg[i] * beta1 + g * rest1;
    const v = expAvgSq[i] * beta2 + rest2 * g * g;
    const largest = Math.max(v, maxExpAvgSq[i]);
    expAvg[i] = m;
    expAvgSq[i] = v;
    maxExpAvgSq[i] = largest;
    value[i] = p - (rate * m) / (sqrt(largest) * correction + eps);
  }
}
