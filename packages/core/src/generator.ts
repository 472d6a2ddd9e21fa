import { InvalidArgumentError } from './errors.js';
import { cos, log, sin } from './math.js';
import { Mt19937, type Mt19937State } from './mt19937.js';

/**
 * Everything a {@link Generator} needs to go on where it was; plain JSON.
 *
 * @example
 * ```ts
 * import { Generator, type GeneratorState } from '@mnist-kit/core';
 *
 * const state: GeneratorState = new Generator(1).state();
 * const text = JSON.stringify(state);
 * ```
 */
export interface GeneratorState extends Mt19937State {
  /** The seed it was made with. */
  readonly seed: number;
  /** The second half of the last pair of normals, when it is still to be handed out. */
  readonly nextNormal: number | null;
}

const { fround } = Math;
/** No normal is larger: the smallest uniform above 0 is 2^-53. */
const mostNormal = 10;
const twoPi = fround(2 * fround(Math.PI));
/** Where PyTorch changes its way of drawing permutations. */
const randpermLimit = Math.floor(0xffffffff / 20);

/**
 * PyTorch's CPU random generator: the same seed gives the numbers that `torch.manual_seed(seed)` gives.
 *
 * Integers, permutations and uniforms are exact; normals agree to 1e-6. The stream is the same in every
 * engine and on every processor.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 *
 * const generator = new Generator(1);
 * const order = generator.randperm(10); // 5, 6, 1, 2, 0, 8, 9, 3, 7, 4
 * const saved = generator.state();
 * const next = generator.rand(3);
 * const again = Generator.fromState(saved).rand(3); // the same three numbers
 * ```
 */
export class Generator {
  readonly #twister = new Mt19937();
  #seed: number;
  #nextNormal: number | null = null;

  /**
   * @param seed Integer from 0 to 2^53 - 1. As in PyTorch only its low 32 bits reach the generator.
   * @throws InvalidArgumentError when the seed is anything else.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new InvalidArgumentError('seed', 'must be an integer from 0 to 2^53 - 1', seed);
    this.#seed = seed;
    this.#twister.seed(seed);
  }

  /** The seed this generator was made with. */
  get seed(): number {
    return this.#seed;
  }

  /** Starts over from another seed, in place (`torch.manual_seed`). */
  manualSeed(seed: number): this {
    this.setState(new Generator(seed).state());
    return this;
  }

  /** One raw word of the stream, an integer from 0 to 2^32 - 1. PyTorch has no call of its own for it. */
  randomWord(): number {
    return this.#twister.next();
  }

  /**
   * `torch.randint(0, 2 ** 32, ())`: an integer from 0 to 2^32 - 1, the low half of a 64-bit draw, so two words
   * are used up.
   *
   * It is also a seed for another generator, as `torch.empty((), dtype=torch.int64).random_()` draws one for
   * a data loader: `manual_seed` keeps only these 32 bits.
   */
  randomUint32(): number {
    this.#twister.next();
    return this.#twister.next();
  }

  /** 64 bits: the first word drawn is the high half. */
  random64(): bigint {
    const high = BigInt(this.#twister.next());
    return (high << 32n) | BigInt(this.#twister.next());
  }

  /** One double in [0, 1) with 53 random bits; two words (`torch.rand(1, dtype=torch.float64)`). */
  random(): number {
    return this.#twister.nextLow53();
  }

  /**
   * `torch.rand(n)`: n float32 values in [0, 1), one word each.
   *
   * @throws InvalidArgumentError when `n` is not a non-negative integer.
   */
  rand(n: number): Float32Array {
    return this.uniform(n, 0, 1);
  }

  /**
   * `torch.empty(n).uniform_(low, high)`: n float32 values in [low, high), one word each.
   *
   * @throws InvalidArgumentError when `n` is not a non-negative integer, or a bound is not finite or
   * `low > high`.
   */
  uniform(n: number, low: number, high: number): Float32Array {
    checkCount(n);
    checkRange(low, high);
    const out = new Float32Array(n);
    const from = fround(low);
    const range = fround(fround(high) - from);
    const twister = this.#twister;
    for (let i = 0; i < n; i++) out[i] = uniform32(twister.next(), from, range);
    return out;
  }

  /**
   * One float32 draw, `torch.empty(1).uniform_(low, high).item()`: what torchvision's transforms use.
   *
   * @throws InvalidArgumentError when a bound is not finite or `low > high`.
   */
  uniform1(low: number, high: number): number {
    checkRange(low, high);
    const from = fround(low);
    return uniform32(this.#twister.next(), from, fround(fround(high) - from));
  }

  /**
   * `torch.randn(n)`: n normal float32 values of mean 0 and standard deviation 1, by the method of Box and
   * Muller. As in PyTorch, n below 16 draws pairs of doubles and keeps the odd one for the next call, and n
   * of 16 or more works on blocks of 16 floats.
   *
   * @throws InvalidArgumentError when `n` is not a non-negative integer.
   */
  randn(n: number): Float32Array {
    checkCount(n);
    const out = new Float32Array(n);
    if (n < 16) {
      for (let i = 0; i < n; i++) out[i] = this.#normal();
      return out;
    }
    for (let i = 0; i < n; i++) out[i] = uniform32(this.#twister.next(), 0, 1);
    for (let start = 0; start + 16 <= n; start += 16) boxMuller(out, start);
    if (n % 16 !== 0) {
      // The last 16 values are drawn again, whatever was there.
      for (let i = n - 16; i < n; i++) out[i] = uniform32(this.#twister.next(), 0, 1);
      boxMuller(out, n - 16);
    }
    return out;
  }

  /**
   * `torch.empty(n).bernoulli_(p)`: n draws that are 1 with probability `p`; two words each.
   *
   * @throws InvalidArgumentError when `n` is not a non-negative integer or `p` is not in [0, 1].
   */
  bernoulli(n: number, p: number): Uint8Array {
    checkCount(n);
    checkProbability(p);
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i++) out[i] = this.#twister.nextLow53() < p ? 1 : 0;
    return out;
  }

  /**
   * Fills `out` with a dropout mask: 0 with probability `p`, else 1 / (1 - p) in float32; two words each.
   * The draws and values are those of `F.dropout` and, one per channel, `F.dropout2d`; where `p` is 0 or 1 these
   * draw nothing.
   *
   * @throws InvalidArgumentError when `p` is not in [0, 1].
   */
  dropoutMask(out: Float32Array, p: number): Float32Array {
    if (!(out instanceof Float32Array)) throw new InvalidArgumentError('out', 'must be a Float32Array', out);
    checkProbability(p);
    if (p === 0 || p === 1) return out.fill(1 - p);
    const keep = 1 - p;
    const scale = fround(1 / fround(keep));
    this.#twister.fillBelow(out, keep, scale);
    return out;
  }

  /**
   * `torch.randperm(n)`: the integers below n in random order, one word for each but the last.
   *
   * @throws InvalidArgumentError when `n` is not an integer from 0 to 214,748,363; PyTorch draws larger
   * permutations in another way.
   */
  randperm(n: number): Int32Array {
    checkCount(n);
    if (n >= randpermLimit) throw new InvalidArgumentError('n', `must be below ${randpermLimit}`, n);
    const out = new Int32Array(n);
    for (let i = 0; i < n; i++) out[i] = i;
    const twister = this.#twister;
    for (let i = 0; i < n - 1; i++) {
      const j = i + (twister.next() % (n - i));
      const held = out[i];
      out[i] = out[j];
      out[j] = held;
    }
    return out;
  }

  /** Where the stream is now: plain JSON of about 3.4 KB. */
  state(): GeneratorState {
    return { seed: this.#seed, ...this.#twister.state(), nextNormal: this.#nextNormal };
  }

  /**
   * Goes on from a saved state, in place.
   *
   * @throws InvalidArgumentError when `state` is not what {@link Generator.state} gave.
   */
  setState(state: GeneratorState): void {
    const { seed, nextNormal } = state ?? {};
    const fits =
      Number.isSafeInteger(seed) &&
      (nextNormal === null || (typeof nextNormal === 'number' && Math.abs(nextNormal) < mostNormal)) &&
      this.#twister.setState(state);
    if (!fits) throw new InvalidArgumentError('state', 'must be what `generator.state()` returned', state);
    this.#seed = seed;
    this.#nextNormal = nextNormal;
  }

  /**
   * A new generator that goes on from a saved state.
   *
   * @throws InvalidArgumentError when `state` is not what {@link Generator.state} gave.
   */
  static fromState(state: GeneratorState): Generator {
    const generator = new Generator(0);
    generator.setState(state);
    return generator;
  }

  /** A second generator at the same place of the same stream. */
  clone(): Generator {
    const generator = new Generator(this.#seed);
    generator.#twister.copy(this.#twister);
    generator.#nextNormal = this.#nextNormal;
    return generator;
  }

  #normal(): number {
    if (this.#nextNormal !== null) {
      const held = this.#nextNormal;
      this.#nextNormal = null;
      return held;
    }
    const angle = 2 * Math.PI * this.#twister.nextLow53();
    // 1 - u is exact for a 53-bit u, so this is log1p(-u).
    const radius = Math.sqrt(-2 * log(1 - this.#twister.nextLow53()));
    this.#nextNormal = radius * sin(angle);
    return radius * cos(angle);
  }
}

/**
 * The low 24 bits of a word as a float32 in [from, from + range). The product is exact in a double, so the
 * one rounding at the end is that of the fused multiply-add which PyTorch's build uses.
 */
function uniform32(word: number, from: number, range: number): number {
  return fround((word & 0xffffff) * 2 ** -24 * range + from);
}

/** Turns 16 uniforms at `start` into normals: the first eight give radii, the others angles. */
function boxMuller(data: Float32Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = fround(Math.sqrt(fround(-2 * fround(log(1 - data[j])))));
    const angle = fround(twoPi * data[j + 8]);
    data[j] = radius * fround(cos(angle));
    data[j + 8] = radius * fround(sin(angle));
  }
}

function checkCount(n: number): void {
  if (!Number.isInteger(n) || n < 0) throw new InvalidArgumentError('n', 'must be a non-negative integer', n);
}

function checkRange(low: number, high: number): void {
  if (!Number.isFinite(low)) throw new InvalidArgumentError('low', 'must be a finite number', low);
  if (!Number.isFinite(high)) throw new InvalidArgumentError('high', 'must be a finite number', high);
  if (low > high) throw new InvalidArgumentError('low', `must not be above high (${high})`, low);
}

function checkProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new InvalidArgumentError('p', 'must be a probability from 0 to 1', p);
}
