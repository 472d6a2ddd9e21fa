import { InvalidArgumentError, type Settings } from '@mnist-kit/core';
import { closedOptions } from '../closed-options.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';

/**
 * Options of {@link GradientClipping}; exactly one of the two.
 *
 * @example
 * ```ts
 * import { GradientClipping, type GradientClippingOptions } from '@mnist-kit/trainer';
 *
 * const options: GradientClippingOptions = { norm: 1 };
 * const callbacks = [new GradientClipping(options)];
 * ```
 */
export interface GradientClippingOptions {
  /** Largest L2 norm of all gradients taken together; larger ones are scaled down. */
  norm?: number;
  /** Largest magnitude of any element. */
  value?: number;
}

/**
 * Keeps gradients small before each update, as PyTorch's `clip_grad_norm_` and `clip_grad_value_`:
 * https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 *
 * @throws InvalidArgumentError unless exactly one positive limit is given.
 * @example
 * ```ts
 * import { GradientClipping } from '@mnist-kit/trainer';
 *
 * const callbacks = [new GradientClipping({ norm: 1 })];
 * ```
 */
export class GradientClipping implements Callback {
  readonly name = 'GradientClipping';
  readonly #norm: number | undefined;
  readonly #value: number | undefined;
  #lastNorm = Number.NaN;

  constructor(options: GradientClippingOptions) {
    const { norm, value } = closedOptions('GradientClipping', options, { norm: true, value: true });
    if ((norm === undefined) === (value === undefined))
      throw new InvalidArgumentError('norm', 'or `value` must be given, and not both', norm);
    if (norm !== undefined && !(norm > 0)) throw new InvalidArgumentError('norm', 'must be above 0', norm);
    if (value !== undefined && !(value > 0))
      throw new InvalidArgumentError('value', 'must be above 0', value);
    this.#norm = norm;
    this.#value = value;
  }

  /** Norm of all gradients in the last step before clipping; `NaN` when clipping by value. */
  get lastNorm(): number {
    return this.#lastNorm;
  }

  /** The limit. */
  get settings(): Settings {
    return { norm: this.#norm, value: this.#value };
  }

  onBeforeOptimizerStep({ executor: { parameters } }: Run): void {
    if (this.#value !== undefined) {
      for (const { gradient } of parameters) clamp(gradient, this.#value);
      return;
    }
    let squares = 0;
    for (const { gradient } of parameters)
      for (let i = 0; i < gradient.length; i++) squares += gradient[i] * gradient[i];
    this.#lastNorm = Math.sqrt(squares);
    const factor = this.#norm! / (this.#lastNorm + 1e-6);
    if (!(factor < 1)) return;
    for (const { gradient } of parameters) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
  }
}

function clamp(values: Float32Array, limit: number): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i] > limit) values[i] = limit;
    else if (values[i] < -limit) values[i] = -limit;
  }
}
