import { InvalidArgumentError } from './errors.js';
import { exp, log, pow } from './math.js';
import { Mt19937, type Mt19937State } from './mt19937.js';

/**
 * Everything a {@link RandomState} needs to go on where it was; plain JSON.
 *
 * @example
 * ```ts
 * import { RandomState, type RandomStateState } from '@mnist-kit/core';
 *
 * const random = new RandomState(1);
 * const state: RandomStateState = random.state();
 * const text = JSON.stringify(state);
 * ```
 */
export interface RandomStateState extends Mt19937State {
  /** The second half of the last pair of normals, when it is still to be used. */
  readonly nextNormal: number | null;
}

/**
 * NumPy's legacy generator: the same seed gives the numbers that `numpy.random.seed(seed)` gives. Training
 * code in Python often draws from it beside PyTorch's, as mixup does for its coin and its weight.
 *
 * Integers, permutations and uniforms are exact; `beta` agrees to the last bits of a double
 * (https://numpy.org/doc/stable/reference/random/legacy.html).
 *
 * @example
 * ```ts
 * import { RandomState } from '@mnist-kit/core';
 *
 * const random = new RandomState(0);
 * random.random(); // 0.5488135039273248
 * const lambda = random.beta(1, 1);
 * ```
 */
export class RandomState {
  readonly #twister = new Mt19937();
  #nextNormal: number | null = null;

  /**
   * @param seed Integer from 0 to 2^32 - 1.
   * @throws InvalidArgumentError when the seed is anything else.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new InvalidArgumentError('seed', 'must be an integer from 0 to 2^32 - 1', seed);
    this.#twister.seed(seed);
  }

  /** `np.random.random()`: a double in [0, 1) with 53 random bits; two words. */
  random(): number {
    return this.#twister.nextHigh53();
  }

  /**
   * `np.random.randint(low, high)`: an integer from `low` to `high - 1`.
   *
   * @throws InvalidArgumentError when a bound is no integer, or there are none or more than 2^32 between.
   */
  randint(low: number, high: number): number {
    if (!Number.isSafeInteger(low)) throw new InvalidArgumentError('low', 'must be an integer', low);
    if (!Number.isSafeInteger(high) || high <= low || high - low > 2 ** 32)
      throw new InvalidArgumentError('high', `must be an integer above low (${low}), by at most 2^32`, high);
    return low + this.#interval(high - low - 1);
  }

  /**
   * `np.random.permutation(n)`: the integers below n in random order.
   *
   * @throws InvalidArgumentError when `n` is not an integer from 0 to 2^31 - 1.
   */
  permutation(n: number): Int32Array {
    if (!Number.isInteger(n) || n < 0 || n > 0x7fffffff)
      throw new InvalidArgumentError('n', 'must be an integer from 0 to 2^31 - 1', n);
    return this.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  }

  /** `np.random.shuffle(values)`: reorders an array in place, and returns it. */
  shuffle<T extends unknown[] | Int32Array | Uint8Array | Float32Array | Float64Array>(values: T): T {
    if (!Array.isArray(values) && !ArrayBuffer.isView(values))
      throw new InvalidArgumentError('values', 'must be an array or a typed array', values);
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.#interval(i);
      const held = values[i];
      values[i] = values[j];
      values[j] = held;
    }
    return values;
  }

  /**
   * `np.random.beta(a, b)`: a draw from the beta distribution. Jöhnk's method where both parameters are at
   * most 1, else the ratio of two gamma draws (Devroye, "Non-Uniform Random Variate Generation", 1986,
   * chapter IX.3).
   *
   * @throws InvalidArgumentError when a parameter is not above 0, or not finite.
   */
  beta(a: number, b: number): number {
    checkPositive('a', a);
    checkPositive('b', b);
    if (a > 1 || b > 1) {
      const first = this.#gamma(a);
      return first / (first + this.#gamma(b));
    }
    for (;;) {
      const u = this.random();
      const v = this.random();
      const x = pow(u, 1 / a);
      const y = pow(v, 1 / b);
      if (x + y > 1) continue;
      if (x + y > 0) return x / (x + y);
      // Both powers vanished, as they do for tiny parameters: their ratio by logarithms.
      const logX = log(u) / a;
      const logY = log(v) / b;
      const larger = Math.max(logX, logY);
      return exp(logX - larger - log(exp(logX - larger) + exp(logY - larger)));
    }
  }

  /** Where the stream is now: plain JSON. */
  state(): RandomStateState {
    return { ...this.#twister.state(), nextNormal: this.#nextNormal };
  }

  /**
   * Goes on from a saved state, in place.
   *
   * @throws InvalidArgumentError when `state` is not what {@link RandomState.state} gave.
   */
  setState(state: RandomStateState): void {
    const { nextNormal } = state ?? {};
    const isNormal = typeof nextNormal === 'number' && Math.abs(nextNormal) < 20;
    const fits = (nextNormal === null || isNormal) && this.#twister.setState(state);
    if (!fits) throw new InvalidArgumentError('state', 'must be what `randomState.state()` returned', state);
    this.#nextNormal = nextNormal;
  }

  /**
   * A new generator that goes on from a saved state.
   *
   * @throws InvalidArgumentError when `state` is not what {@link RandomState.state} gave.
   */
  static fromState(state: RandomStateState): RandomState {
    const random = new RandomState(0);
    random.setState(state);
    return random;
  }

  /** An integer from 0 to `max`: words are masked, and drawn again while they are too large. */
  #interval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.#twister.next() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  #exponential(): number {
    return -log(1 - this.random());
  }

  /** A normal draw by Marsaglia's polar method, which gives two at a time. */
  #normal(): number {
    if (this.#nextNormal !== null) {
      const held = this.#nextNormal;
      this.#nextNormal = null;
      return held;
    }
    for (;;) {
      const x = 2 * this.random() - 1;
      const y = 2 * this.random() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * log(square)) / square);
      this.#nextNormal = factor * x;
      return factor * y;
    }
  }

  #gamma(shape: number): number {
    if (shape === 1) return this.#exponential();
    return shape < 1 ? this.#smallGamma(shape) : this.#largeGamma(shape);
  }

  /** Rejection of Ahrens and Dieter (1974), for shapes below 1. */
  #smallGamma(shape: number): number {
    for (;;) {
      const u = this.random();
      const e = this.#exponential();
      if (u <= 1 - shape) {
        const x = pow(u, 1 / shape);
        if (x <= e) return x;
      } else {
        const y = -log((1 - u) / shape);
        const x = pow(1 - shape + shape * y, 1 / shape);
        if (x <= e + y) return x;
      }
    }
  }

  /** Rejection of Marsaglia and Tsang (2000), for shapes above 1. */
  #largeGamma(shape: number): number {
    const b = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * b);
    for (;;) {
      const x = this.#normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = this.random();
      if (u < 1 - 0.0331 * (x * x) * (x * x)) return b * v;
      if (log(u) < 0.5 * x * x + b * (1 - v + log(v))) return b * v;
    }
  }
}

function checkPositive(argument: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0))
    throw new InvalidArgumentError(argument, 'must be a finite number above 0', value);
}
