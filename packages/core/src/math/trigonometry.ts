import { horner, powerOfTwo, split } from './bits.js';

// π/2 in pieces whose leading ones have trailing zeros, so that `n * piece` is exact.
const halfPi1 = 1.5707963267341256;
const halfPi2 = 6.077100506303966e-11;
const halfPi3 = 2.0222662487959506e-21;

const sineTerms = inverseFactorials(3, 19);
const cosineTerms = inverseFactorials(4, 18);

/** 1/first!, -1/(first + 2)!, … up to 1/last!, alternating. */
function inverseFactorials(first: number, last: number): number[] {
  const terms: number[] = [];
  for (let n = first; n <= last; n += 2) {
    let factorial = 1;
    for (let i = 2; i <= n; i++) factorial *= i;
    terms.push((terms.length % 2 === 0 ? 1 : -1) / factorial);
  }
  return terms;
}

/** sin(x + y) for |x| <= π/4, where y is what x lost when it was rounded. */
function sineKernel(x: number, y: number): number {
  const z = x * x;
  return x - (x * z * horner(sineTerms, z) - y * (1 - 0.5 * z));
}

/** cos(x + y) for |x| <= π/4. */
function cosineKernel(x: number, y: number): number {
  const z = x * x;
  const half = 0.5 * z;
  const rounded = 1 - half;
  return rounded + (1 - rounded - half + (z * z * horner(cosineTerms, z) - x * y));
}

/** Quarter turns in x (mod 4), and the rest as an unevaluated sum. */
function reduce(x: number): { quarter: number; rest: number; tail: number } {
  if (Math.abs(x) <= Math.PI / 4) return { quarter: 0, rest: x, tail: 0 };
  if (Math.abs(x) > 1e6) return reduceExactly(x);
  const n = Math.floor(x / (Math.PI / 2) + 0.5);
  const first = x - n * halfPi1;
  const a = n * halfPi2;
  const second = first - a;
  const lost = first - second - a;
  const rest = second - (n * halfPi3 - lost);
  return { quarter: n & 3, rest, tail: second - rest - (n * halfPi3 - lost) };
}

let exactPi: bigint | undefined;
const piBits = 1200n;

/** π * 2^1200 by Machin's formula, π/4 = 4 atan(1/5) - atan(1/239). */
function pi(): bigint {
  const one = 1n << (piBits + 32n);
  const inverseTangent = (n: bigint): bigint => {
    let power = one / n;
    let sum = power;
    for (let k = 3n, sign = -1n; power !== 0n; k += 2n, sign = -sign) {
      power /= n * n;
      sum += (sign * power) / k;
    }
    return sum;
  };
  exactPi ??= (4n * (4n * inverseTangent(5n) - inverseTangent(239n))) >> 32n;
  return exactPi;
}

/** The same for large arguments: every double is an integer multiple of a power of two. */
function reduceExactly(x: number): { quarter: number; rest: number; tail: number } {
  if (!Number.isFinite(x)) return { quarter: 0, rest: Number.NaN, tail: 0 };
  const { exponent } = split(Math.abs(x));
  // |x| > 1e6, so 32 fraction bits hold all that a double of that size has.
  const shift = Math.max(0, 52 - exponent + 1);
  const fixed = BigInt(x * powerOfTwo(shift)) << (piBits - BigInt(shift));
  const half = pi() / 2n;
  let n = fixed / half;
  let rest = fixed - n * half;
  if (2n * rest > half) {
    n += 1n;
    rest -= half;
  } else if (2n * rest < -half) {
    n -= 1n;
    rest += half;
  }
  const one = 1n << 120n;
  const narrow = rest >> (piBits - 120n);
  const high = Number(narrow);
  return {
    quarter: Number(((n % 4n) + 4n) % 4n),
    rest: high / Number(one),
    tail: Number(narrow - BigInt(high)) / Number(one),
  };
}

/**
 * Sine of an angle in radians, within 1 ulp.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.sin(1); // 0.8414709848078965
 * ```
 */
export function sin(x: number): number {
  if (x === 0) return x;
  const { quarter, rest, tail } = reduce(x);
  const value = quarter & 1 ? cosineKernel(rest, tail) : sineKernel(rest, tail);
  return quarter & 2 ? -value : value;
}

/**
 * Cosine of an angle in radians, within 1 ulp.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.cos(1); // 0.5403023058681398
 * ```
 */
export function cos(x: number): number {
  const { quarter, rest, tail } = reduce(x);
  const value = quarter & 1 ? sineKernel(rest, tail) : cosineKernel(rest, tail);
  return quarter === 1 || quarter === 2 ? -value : value;
}
