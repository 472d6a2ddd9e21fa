import { InvalidArgumentError, math, type OptionNames, type Parameter, type Settings } from '@mnist-kit/core';
import { checkBoolean, checkInteger, checkOneOf, checkRange } from './check.js';
import {
  checkOptimizerOptions,
  Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type ParameterSlots,
} from './optimizer.js';
import { orthogonalize } from './orthogonalize.js';

/**
 * Options of {@link Muon}.
 *
 * @example
 * ```ts
 * import { Muon, type MuonOptions } from '@mnist-kit/optim';
 *
 * const options: MuonOptions = { lr: 0.01, momentum: 0.95, weightDecay: 0.01 };
 * const optimizer = new Muon(options);
 * ```
 */
export interface MuonOptions extends OptimizerOptions {
  /** Decoupled weight decay, default 0.1; the value shrinks by `lr * weightDecay`. */
  weightDecay?: number;
  /** Momentum factor of the matrices, 0 to below 1; default 0.95. */
  momentum?: number;
  /** Whether the step looks ahead along the momentum, default true. */
  nesterov?: boolean;
  /** Newton-Schulz iterations of an update, default 5. */
  nsSteps?: number;
  /** What a matrix is divided by before the iterations, if its norm is smaller; above 0, default 1e-7. */
  eps?: number;
  /**
   * How large a matrix's update is. `matchRmsAdamW` (default): `0.2 sqrt(max(outputs, inputs))`, about what AdamW's
   * would be, so that one learning rate suits both. `original`: `sqrt(max(1, outputs / inputs))`.
   */
  adjustLr?: 'matchRmsAdamW' | 'original';
  /** Decay rates of AdamW for what is no matrix, default `[0.9, 0.999]`. */
  betas?: readonly [number, number];
  /** Added to AdamW's denominator, default 1e-8. */
  adamEps?: number;
}

const names: OptionNames<MuonOptions> = {
  lr: true,
  weightDecay: true,
  momentum: true,
  nesterov: true,
  nsSteps: true,
  eps: true,
  adjustLr: true,
  betas: true,
  adamEps: true,
  groups: true,
};

const { sqrt } = Math;

/**
 * Muon: momentum whose every update is made orthogonal, for the kernels of convolutions and dense layers (as matrices
 * of one column per output), and AdamW for all other parameters: biases, batch norm, depthwise kernels.
 *
 * Keller Jordan, 2024, https://kellerjordan.github.io/posts/muon/; options and arithmetic of the matrices are those of
 * https://pytorch.org/docs/stable/generated/torch.optim.Muon.html, which takes matrices only, is in bfloat16 there,
 * and has `original` as its default size. `matchRmsAdamW` is of Liu et al., 2025, https://arxiv.org/abs/2502.16982.
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { Muon } from '@mnist-kit/optim';
 *
 * const optimizer = new Muon({ lr: 0.01, weightDecay: 0.01, groups: [{ match: /bias|gamma|beta/, weightDecay: 0 }] });
 * ```
 */
export class Muon extends Optimizer {
  readonly kind = 'Muon';
  /** The second is AdamW's, and stays zero for matrices. */
  protected readonly slotNames: readonly string[] = ['momentumBuffer', 'expAvgSq'];
  declare momentum: number;
  readonly #options: Required<Pick<MuonOptions, 'nesterov' | 'nsSteps' | 'eps' | 'adjustLr' | 'adamEps'>>;
  readonly #betas: readonly [number, number];

  constructor(options: MuonOptions) {
    if (new.target === Muon) checkOptimizerOptions<MuonOptions>('Muon', options, names);
    super({ ...options, weightDecay: options.weightDecay === undefined ? 0.1 : options.weightDecay });
    const { momentum = 0.95, nesterov = true, nsSteps = 5, eps = 1e-7 } = options;
    const { adjustLr = 'matchRmsAdamW', betas = [0.9, 0.999], adamEps = 1e-8 } = options;
    checkRange('momentum', momentum, 0, 1);
    checkBoolean('nesterov', nesterov);
    checkInteger('nsSteps', nsSteps, 1);
    if (!(Number.isFinite(eps) && eps > 0))
      throw new InvalidArgumentError('eps', 'must be a finite number above 0', eps);
    checkOneOf('adjustLr', adjustLr, ['matchRmsAdamW', 'original']);
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new InvalidArgumentError('betas', 'must be two numbers', betas);
    checkRange('betas[0]', betas[0], 0, 1);
    checkRange('betas[1]', betas[1], 0, 1);
    checkRange('adamEps', adamEps, 0);
    this.giveMomentum('momentum', momentum);
    this.#options = { nesterov, nsSteps, eps, adjustLr, adamEps };
    this.#betas = [betas[0], betas[1]];
  }

  protected override ownSettings(): Settings {
    return { momentum: this.givenMomentum, betas: this.#betas, ...this.#options };
  }

  protected update(parameter: Parameter, group: ParameterGroup, slots: ParameterSlots): void {
    if (isMatrix(parameter)) this.#orthogonalStep(parameter, group, slots.arrays[0]);
    else this.#adamStep(parameter, group, slots);
  }

  #orthogonalStep({ shape, value, gradient }: Parameter, group: ParameterGroup, buffer: Float32Array): void {
    const { momentum } = this;
    const { nesterov, nsSteps, eps, adjustLr } = this.#options;
    const update = new Float64Array(value.length);
    for (let i = 0; i < value.length; i++) {
      buffer[i] = buffer[i] * momentum + gradient[i] * (1 - momentum);
      update[i] = nesterov ? gradient[i] * (1 - momentum) + buffer[i] * momentum : buffer[i];
    }
    const outputs = shape[shape.length - 1];
    const inputs = value.length / outputs;
    orthogonalize(update, inputs, outputs, { steps: nsSteps, eps });
    const size =
      adjustLr === 'original' ? sqrt(Math.max(1, outputs / inputs)) : 0.2 * sqrt(Math.max(outputs, inputs));
    const shrink = 1 - group.lr * group.weightDecay;
    const rate = group.lr * size;
    for (let i = 0; i < value.length; i++) value[i] = value[i] * shrink - rate * update[i];
  }

  #adamStep({ value, gradient }: Parameter, group: ParameterGroup, { arrays, step }: ParameterSlots): void {
    const [expAvg, expAvgSq] = arrays;
    const [beta1, beta2] = this.#betas;
    const shrink = 1 - group.lr * group.weightDecay;
    const rate = group.lr / (1 - math.pow(beta1, step));
    const correction = 1 / sqrt(1 - math.pow(beta2, step));
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i];
      const m = expAvg[i] * beta1 + g * (1 - beta1);
      const v = expAvgSq[i] * beta2 + g * g * (1 - beta2);
      expAvg[i] = m;
      expAvgSq[i] = v;
      value[i] = value[i] * shrink - (rate * m) / (sqrt(v) * correction + this.#options.adamEps);
    }
  }
}

/** Kernels that map all inputs to all outputs; a depthwise one maps every channel to its own. */
function isMatrix({ name, shape }: Parameter): boolean {
  return shape.length >= 2 && !name.endsWith('/depthwise_kernel');
}
