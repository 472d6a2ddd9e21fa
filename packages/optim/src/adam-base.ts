import { InvalidArgumentError, math, type Parameter } from '@mnist-kit/core';
import { checkRange } from './check.js';
import { Optimizer, type OptimizerOptions, type ParameterGroup, type ParameterSlots } from './optimizer.js';

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions extends OptimizerOptions {
  /** Decay rates of the running averages of the gradient and of its square, default `[0.9, 0.999]`. */
  betas?: readonly [number, number];
  /** Added to the denominator, default 1e-8. */
  eps?: number;
  /** Divide by the largest running average of the square so far, default false. */
  amsgrad?: boolean;
}

const { fround, sqrt } = Math;

/** What Adam and AdamW share; they differ in where the weight decay goes. */
export abstract class AdamBase extends Optimizer {
  protected readonly slotNames: readonly string[];
  declare momentum: number;
  readonly #beta2: number;
  readonly #eps: number;
  readonly #amsgrad: boolean;

  constructor(options: AdamOptions) {
    super(options);
    const { betas = [0.9, 0.999], eps = 1e-8, amsgrad = false } = options;
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new InvalidArgumentError('betas', 'must be two numbers', betas);
    checkRange('betas[0]', betas[0], 0, 1);
    checkRange('betas[1]', betas[1], 0, 1);
    checkRange('eps', eps, 0);
    this.momentum = betas[0];
    this.#beta2 = betas[1];
    this.#eps = eps;
    this.#amsgrad = amsgrad;
    this.slotNames = amsgrad ? ['expAvg', 'expAvgSq', 'maxExpAvgSq'] : ['expAvg', 'expAvgSq'];
  }

  /** Factor on the value before the update, and weight of the value in the gradient. */
  protected abstract decay(group: ParameterGroup): { shrink: number; penalty: number };

  protected update({ value, gradient }: Parameter, group: ParameterGroup, slots: ParameterSlots): void {
    const decay = this.decay(group);
    const shrink = fround(decay.shrink);
    const penalty = fround(decay.penalty);
    const beta1 = fround(this.momentum);
    const beta2 = fround(this.#beta2);
    const rest1 = fround(1 - this.momentum);
    const rest2 = fround(1 - this.#beta2);
    const eps = fround(this.#eps);
    const rate = fround(-group.lr / (1 - math.pow(this.momentum, slots.step)));
    const correction = fround(sqrt(1 - math.pow(this.#beta2, slots.step)));
    const [expAvg, expAvgSq, maxExpAvgSq] = slots.arrays;
    // Roundings fall where PyTorch's kernels have them: one per fused multiply-add.
    for (let i = 0; i < value.length; i++) {
      const p = fround(value[i] * shrink);
      const g = fround(p * penalty + gradient[i]);
      const m = fround(fround(expAvg[i] * beta1) + g * rest1);
      let v = fround(fround(expAvgSq[i] * beta2) + fround(rest2 * g) * g);
      expAvg[i] = m;
      expAvgSq[i] = v;
      if (this.#amsgrad) {
        v = v > maxExpAvgSq[i] ? v : maxExpAvgSq[i];
        maxExpAvgSq[i] = v;
      }
      const denominator = fround(fround(fround(sqrt(v)) / correction) + eps);
      value[i] = p + fround(fround(rate * m) / denominator);
    }
  }
}
