import {
  CheckpointError,
  InvalidArgumentError,
  type OptionNames,
  type Parameter,
  type Settings,
} from '@mnist-kit/core';
import { checkBoolean, checkRange } from './check.js';
import {
  checkOptimizerOptions,
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type ParameterGroup,
  type ParameterSlots,
} from './optimizer.js';

/**
 * Options of {@link SGD}.
 *
 * @example
 * ```ts
 * import { SGD, type SGDOptions } from '@mnist-kit/optim';
 *
 * const options: SGDOptions = { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 };
 * const optimizer = new SGD(options);
 * ```
 */
export interface SGDOptions extends OptimizerOptions {
  /** Momentum factor, default 0. */
  momentum?: number;
  /** Dampening of the momentum, default 0. */
  dampening?: number;
  /** Nesterov momentum, default false; needs momentum and no dampening. */
  nesterov?: boolean;
  /** L2 penalty, added to the gradient; default 0. */
  weightDecay?: number;
}

const names: OptionNames<SGDOptions> = {
  lr: true,
  momentum: true,
  dampening: true,
  nesterov: true,
  weightDecay: true,
  groups: true,
};

/**
 * State of {@link SGD}.
 *
 * @example
 * ```ts
 * import { SGD, type SGDState } from '@mnist-kit/optim';
 *
 * const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
 * const state: SGDState = optimizer.state();
 * optimizer.loadState(state);
 * ```
 */
export interface SGDState extends OptimizerState {
  /** The parameters whose momentum buffer has taken a gradient in. */
  readonly started?: readonly string[];
}

/**
 * Stochastic gradient descent, with PyTorch's form of momentum: `b = momentum * b + (1 - dampening) * g`,
 * `value -= lr * b` (https://pytorch.org/docs/stable/generated/torch.optim.SGD.html). The first gradient enters
 * `b` whole, whenever that is: `momentum` may be raised from 0 later.
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { SGD } from '@mnist-kit/optim';
 *
 * const optimizer = new SGD({ lr: 0.05, momentum: 0.9, weightDecay: 5e-4, nesterov: true });
 * ```
 */
export class SGD extends Optimizer {
  readonly kind = 'SGD';
  protected readonly slotNames: readonly string[] = ['momentumBuffer'];
  declare momentum: number;
  readonly #dampening: number;
  readonly #nesterov: boolean;
  readonly #started = new Set<string>();

  constructor(options: SGDOptions) {
    // A subclass may have options of its own.
    if (new.target === SGD) checkOptimizerOptions<SGDOptions>('SGD', options, names);
    super(options);
    const { momentum = 0, dampening = 0, nesterov = false } = options;
    checkRange('momentum', momentum, 0);
    checkRange('dampening', dampening, 0);
    checkBoolean('nesterov', nesterov);
    if (nesterov && (momentum === 0 || dampening !== 0))
      throw new InvalidArgumentError('nesterov', 'needs a momentum above 0 and a dampening of 0', nesterov);
    this.giveMomentum('momentum', momentum);
    this.#dampening = dampening;
    this.#nesterov = nesterov;
  }

  override state(): SGDState {
    return { ...super.state(), started: [...this.#started] };
  }

  override loadState(state: SGDState): void {
    const { started } = state ?? {};
    if (started !== undefined && !Array.isArray(started))
      throw new CheckpointError('This state of SGD is damaged: `started` is no list of names.');
    super.loadState(state);
    this.#started.clear();
    for (const name of started ?? Object.keys(state.steps ?? {})) this.#started.add(name);
  }

  protected override ownSettings(): Settings {
    return { momentum: this.givenMomentum, dampening: this.#dampening, nesterov: this.#nesterov };
  }

  protected update(parameter: Parameter, group: ParameterGroup, slots: ParameterSlots): void {
    const { name, value, gradient } = parameter;
    if (this.momentum === 0) {
      plainStep(value, gradient, group.lr, group.weightDecay);
      return;
    }
    const add = this.#started.has(name) ? 1 - this.#dampening : 1;
    this.#started.add(name);
    const [buffer] = slots.arrays;
    momentumStep(value, gradient, buffer, group, this.momentum, add, this.#nesterov);
  }
}

function plainStep(value: Float32Array, gradient: Float32Array, lr: number, decay: number): void {
  for (let i = 0; i < value.length; i++) value[i] -= lr * (value[i] * decay + gradient[i]);
}

function momentumStep(
  value: Float32Array,
  gradient: Float32Array,
  buffer: Float32Array,
  { lr, weightDecay }: ParameterGroup,
  momentum: number,
  add: number,
  nesterov: boolean,
): void {
  // With Nesterov the step looks ahead: g + momentum * b, else b.
  const ofGradient = nesterov ? 1 : 0;
  const ofBuffer = nesterov ? momentum : 1;
  for (let i = 0; i < value.length; i++) {
    const g = value[i] * weightDecay + gradient[i];
    const b = buffer[i] * momentum + g * add;
    buffer[i] = b;
    value[i] -= lr * (b * ofBuffer + g * ofGradient);
  }
}
