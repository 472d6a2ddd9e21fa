import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32x4, get, i32x4, type Local, v128 } from '../../wasm/ops.js';
import type { Activation } from '../graph/stage.js';

/** Whether `m * f(x) = f(m * x)` for m >= 0, so that a dropout factor may go in front. */
export const isHomogeneous = ({ name }: Activation): boolean =>
  name === 'linear' || name === 'relu' || name === 'leakyRelu';

/** Whether the activation never falls, so that the maximum of a window may be taken before it. */
export const isMonotone = ({ name, alpha = 0 }: Activation): boolean => name !== 'gelu' && alpha >= 0;

/**
 * Emits activations and their derivatives on vectors of four floats. Everything is made of additions,
 * multiplications, divisions and bit operations, so the bits are the same on every machine.
 */
export class ActivationCode {
  readonly #temporaries: Local[];

  constructor(
    readonly f: FunctionBuilder,
    readonly activation: Activation,
  ) {
    this.#temporaries = ['linear', 'relu', 'leakyRelu'].includes(activation.name) ? [] : f.locals('v128', 4);
  }

  /** `f(z)`. */
  apply(z: Code): Code {
    const { name, alpha = 0 } = this.activation;
    const zero = v128.zero();
    switch (name) {
      case 'linear':
        return z;
      case 'relu':
        return f32x4.pmax(z, zero);
      case 'leakyRelu': {
        // max(z, 0) + alpha min(z, 0) reads z twice; it is a load or a short chain, which is cheap.
        return f32x4.add(f32x4.pmax(z, zero), f32x4.mul(f32x4.pmin(z, zero), f32x4.const(alpha)));
      }
      case 'elu': {
        const x = this.#keep(z);
        const e = this.#exp(f32x4.pmin(get(x), zero));
        return f32x4.add(
          f32x4.pmax(get(x), zero),
          f32x4.mul(f32x4.sub(e, f32x4.const(1)), f32x4.const(alpha)),
        );
      }
      case 'sigmoid':
        return this.#sigmoid(z);
      case 'tanh':
        return this.#tanh(z);
      case 'gelu': {
        const x = this.#keep(z);
        const distribution = this.#normalDistribution(x);
        return f32x4.mul(get(x), distribution);
      }
    }
  }

  /** `d f'(z)`. */
  gradient(d: Code, z: Code): Code {
    const { name, alpha = 0 } = this.activation;
    const zero = v128.zero();
    const one = f32x4.const(1);
    switch (name) {
      case 'linear':
        return d;
      case 'relu':
        return v128.and(d, f32x4.gt(z, zero));
      case 'leakyRelu':
        return f32x4.mul(d, v128.bitselect(one, f32x4.const(alpha), f32x4.gt(z, zero)));
      case 'elu': {
        const x = this.#keep(z);
        const below = f32x4.mul(this.#exp(f32x4.pmin(get(x), zero)), f32x4.const(alpha));
        return f32x4.mul(d, v128.bitselect(one, below, f32x4.gt(get(x), zero)));
      }
      case 'sigmoid': {
        const s = this.#keep(this.#sigmoid(z));
        return f32x4.mul(d, f32x4.mul(get(s), f32x4.sub(one, get(s))));
      }
      case 'tanh': {
        const t = this.#keep(this.#tanh(z));
        return f32x4.mul(d, f32x4.sub(one, f32x4.mul(get(t), get(t))));
      }
      case 'gelu': {
        const x = this.#keep(z);
        const { f } = this;
        const distribution = this.#temporaries[3];
        f.set(distribution, this.#normalDistribution(x));
        const density = f32x4.mul(
          this.#exp(f32x4.mul(f32x4.mul(get(x), get(x)), f32x4.const(-0.5))),
          f32x4.const(1 / Math.sqrt(2 * Math.PI)),
        );
        return f32x4.mul(d, f32x4.add(get(distribution), f32x4.mul(get(x), density)));
      }
    }
  }

  #keep(value: Code): Local {
    const [x] = this.#temporaries;
    this.f.set(x, value);
    return x;
  }

  #sigmoid(z: Code): Code {
    const one = f32x4.const(1);
    return f32x4.div(one, f32x4.add(one, this.#exp(f32x4.neg(z))));
  }

  /**
   * `sign(z) (1 - e) / (1 + e)` with `e = exp(-2 |z|)`; below 0.625, where `1 - e` loses digits, the polynomial
   * of Cephes' tanhf (https://www.netlib.org/cephes).
   */
  #tanh(z: Code): Code {
    const { f } = this;
    const [x, square, , e] = this.#temporaries;
    f.set(x, z);
    f.set(e, this.#exp(f32x4.mul(f32x4.abs(get(x)), f32x4.const(-2))));
    const one = f32x4.const(1);
    f.set(e, f32x4.div(f32x4.sub(one, get(e)), f32x4.add(one, get(e))));
    f.set(e, v128.or(get(e), v128.and(get(x), f32x4.const(-0))));
    f.set(square, f32x4.mul(get(x), get(x)));
    const polynomial = [
      -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
    ].reduce(
      (sum: Code, factor, i) =>
        i === 0 ? f32x4.const(factor) : f32x4.add(f32x4.mul(sum, get(square)), f32x4.const(factor)),
      [] as number[],
    );
    const near = f32x4.add(get(x), f32x4.mul(get(x), f32x4.mul(get(square), polynomial)));
    return v128.bitselect(near, get(e), f32x4.lt(f32x4.abs(get(x)), f32x4.const(0.625)));
  }

  /**
   * `(1 + erf(x / sqrt(2))) / 2`, with the error function of Abramowitz and Stegun 7.1.26, which
   * TensorFlow.js uses as well (error below 1.5e-7).
   */
  #normalDistribution(x: Local): Code {
    const { f } = this;
    const [, , t] = this.#temporaries;
    const one = f32x4.const(1);
    const e = this.#exp(f32x4.mul(f32x4.mul(get(x), get(x)), f32x4.const(-0.5)));
    const scaled = f32x4.mul(f32x4.abs(get(x)), f32x4.const(0.3275911 / Math.SQRT2));
    f.set(this.#temporaries[1], e);
    f.set(t, f32x4.div(one, f32x4.add(one, scaled)));
    const polynomial = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce(
      (sum: Code, factor) => f32x4.add(f32x4.mul(sum, get(t)), f32x4.const(factor)),
      v128.zero(),
    );
    const erf = f32x4.sub(one, f32x4.mul(f32x4.mul(polynomial, get(t)), get(this.#temporaries[1])));
    const signed = v128.or(erf, v128.and(get(x), f32x4.const(-0)));
    return f32x4.mul(f32x4.add(one, signed), f32x4.const(0.5));
  }

  /**
   * `exp(x)`: `2^n exp(r)` with |r| <= ln(2) / 2 and a Taylor polynomial of degree 7 (relative error below
   * 2e-7); below -87.7 it is zero, above 88 infinity's neighbourhood.
   */
  #exp(x: Code): Code {
    const { f } = this;
    const [, n, r] = this.#temporaries;
    f.set(r, f32x4.pmin(f32x4.pmax(x, f32x4.const(-88)), f32x4.const(88)));
    f.set(n, f32x4.nearest(f32x4.mul(get(r), f32x4.const(Math.LOG2E))));
    // ln 2 in two parts, the first with zeros at the end, so that n times it is exact.
    f.set(r, f32x4.sub(get(r), f32x4.mul(get(n), f32x4.const(0.693359375))));
    f.set(r, f32x4.sub(get(r), f32x4.mul(get(n), f32x4.const(-2.1219444e-4))));
    const polynomial = [5040, 720, 120, 24, 6, 2, 1, 1].reduce(
      (sum: Code, factorial, i) =>
        i === 0 ? f32x4.const(1 / factorial) : f32x4.add(f32x4.mul(sum, get(r)), f32x4.const(1 / factorial)),
      [] as number[],
    );
    const power = i32x4.shl(i32x4.add(i32x4.truncate(get(n)), i32x4.const(127)), 23);
    return f32x4.mul(polynomial, power);
  }
}
