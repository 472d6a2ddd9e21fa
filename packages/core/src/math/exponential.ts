import { horner, scale, split } from './bits.js';

// ln 2 in two pieces; the first has trailing zeros, so that `k * ln2High` is exact.
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/**
 * Natural logarithm, within 1 ulp.
 *
 * With f = m - 1 and s = f / (2 + f): log(1 + f) = 2 atanh(s) = f - s (f - 2 (s²/3 + s⁴/5 + …)).
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.log(2); // 0.6931471805599453
 * ```
 */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  const { mantissa, exponent } = split(x);
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  let tail = 0;
  for (let k = 12; k >= 1; k--) tail = z * (tail + 2 / (2 * k + 1));
  // f²/2 is taken out of the correction because it is its largest part.
  const half = 0.5 * f * f;
  if (exponent === 0) return f - (half - s * (half + tail));
  return exponent * ln2High - (half - (s * (half + tail) + exponent * ln2Low) - f);
}

/** 1/2!, 1/3!, … 1/14!. */
const exponentialTerms: number[] = [];
for (let n = 2, factorial = 2; n <= 14; n++, factorial *= n) exponentialTerms.push(1 / factorial);

/** x + tail = k ln 2 + r + rest with |r| <= ln 2 / 2. */
function reduce(x: number, tail: number): { k: number; r: number; rest: number } {
  const k = Math.floor(x / Math.LN2 + 0.5);
  const high = x - k * ln2High;
  const low = k * ln2Low;
  const r = high - low;
  return { k, r, rest: high - r - low + tail };
}

/** e^(r + rest) - 1; `rest` is tiny. */
function smallPart(r: number, rest: number): number {
  const bend = r * r * horner(exponentialTerms, r);
  return r + (bend + rest * (1 + r + bend));
}

/** e^(x + tail), where tail is what x lost when it was rounded. */
export function expOfSum(x: number, tail: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const { k, r, rest } = reduce(x, tail);
  return scale(1 + smallPart(r, rest), k);
}

/**
 * e^x, within 1.1 ulp. The sum of the power series after taking out a multiple of ln 2.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.exp(1); // 2.718281828459045
 * ```
 */
export function exp(x: number): number {
  return expOfSum(x, 0);
}

/** e^x - 1 for -60 <= x <= 0. */
function expMinus1(x: number): number {
  const { k, r, rest } = reduce(x, 0);
  const small = smallPart(r, rest);
  return k === 0 ? small : scale(small, k) + (scale(1, k) - 1);
}

/**
 * Hyperbolic tangent, within 2 ulp.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.tanh(1); // 0.7615941559557649
 * ```
 */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size < 1e-9) return x;
  if (size > 22) return Math.sign(x);
  const t = expMinus1(-2 * size);
  return x < 0 ? t / (t + 2) : -t / (t + 2);
}
