import { split } from './bits.js';
import { expOfSum } from './exponential.js';

/** An unevaluated sum of two doubles: about 106 bits. */
type Pair = readonly [high: number, low: number];

const ln2: Pair = [Math.LN2, 2.3190468138462996e-17];

/** a + b without loss (Knuth). */
function sum(a: number, b: number): Pair {
  const high = a + b;
  const part = high - a;
  return [high, a - (high - part) + (b - part)];
}

/** a * b without loss (Dekker's splitting). */
function product(a: number, b: number): Pair {
  const high = a * b;
  const bigA = 134217729 * a;
  const a1 = bigA - (bigA - a);
  const a2 = a - a1;
  const bigB = 134217729 * b;
  const b1 = bigB - (bigB - b);
  const b2 = b - b1;
  return [high, a2 * b2 - (high - a1 * b1 - a2 * b1 - a1 * b2)];
}

function add(a: Pair, b: Pair): Pair {
  const [high, low] = sum(a[0], b[0]);
  return sum(high, low + a[1] + b[1]);
}

function multiply(a: Pair, b: Pair): Pair {
  const [high, low] = product(a[0], b[0]);
  return sum(high, low + (a[0] * b[1] + a[1] * b[0]));
}

/** a / b for doubles b, and pairs a. */
function divide(a: Pair, b: Pair): Pair {
  const quotient = a[0] / b[0];
  const [high, low] = product(quotient, b[0]);
  return sum(quotient, (a[0] - high - low + a[1] - quotient * b[1]) / b[0]);
}

/** 1/3, 1/5, … 1/29. */
const inverseOdds = Array.from({ length: 14 }, (_, k) => divide([1, 0], [2 * k + 3, 0]));

/** log x = e ln 2 + 2 (s + s³/3 + s⁵/5 + …) with s = (m - 1) / (m + 1), to about 100 bits. */
function logPair(x: number): Pair {
  const { mantissa, exponent } = split(x);
  const s = divide([mantissa - 1, 0], sum(mantissa, 1));
  const z = multiply(s, s);
  let series: Pair = [0, 0];
  for (let i = inverseOdds.length - 1; i >= 0; i--) series = multiply(z, add(series, inverseOdds[i]));
  const doubled: Pair = [2 * s[0], 2 * s[1]];
  return add(multiply([exponent, 0], ln2), add(doubled, multiply(doubled, series)));
}

/**
 * x^y, within 1 ulp; special cases as in `Math.pow`.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.pow(0.9, 3); // 0.7290000000000001
 * ```
 */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const size = Math.abs(x);
  if (!Number.isFinite(y)) return size === 1 ? Number.NaN : size > 1 === y > 0 ? Number.POSITIVE_INFINITY : 0;
  const odd = Math.abs(y) < 2 ** 53 && Math.abs(y % 2) === 1;
  const negative = odd && (x < 0 || Object.is(x, -0));
  if (x < 0 && !Number.isInteger(y) && Number.isFinite(x)) return Number.NaN;
  const value = positivePower(size, y);
  return negative ? -value : value;
}

function positivePower(x: number, y: number): number {
  if (x === 0 || x === Number.POSITIVE_INFINITY) return (x === 0) === y > 0 ? 0 : Number.POSITIVE_INFINITY;
  const log = logPair(x);
  // Beyond this the result is 0 or infinite, and the splitting of y could overflow.
  if (Math.abs(log[0] * y) > 800) return log[0] > 0 === y > 0 ? Number.POSITIVE_INFINITY : 0;
  if (Math.abs(y) > 1e300) return expOfSum(log[0] * y, log[1] * y);
  const [high, low] = multiply(log, [y, 0]);
  return expOfSum(high, low);
}
