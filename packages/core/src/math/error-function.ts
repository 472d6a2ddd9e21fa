import { expOfSum } from './exponential.js';

const twoOverRootPi = 1.1283791670955126;

/** e^(-x²); the rounding error of x² is taken along. */
function gaussian(x: number): number {
  const short = Math.fround(x);
  const square = short * short;
  const missing = (x - short) * (x + short);
  const sum = square + missing;
  return expOfSum(-sum, sum - square - missing);
}

/**
 * The error function, to about 1e-15 relative: a series of positive terms below 2.5,
 * erf x = 2/√π e^(-x²) (x + 2x³/3 + 4x⁵/15 + …), and 1 minus a continued fraction above
 * (Abramowitz and Stegun, 7.1.6 and 7.1.14).
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * math.erf(0.5); // 0.5204998778130465
 * ```
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size < 1e-9) return twoOverRootPi * x;
  if (size > 6) return Math.sign(x);
  const value = size < 2.5 ? series(size) : 1 - fraction(size);
  return x < 0 ? -value : value;
}

function series(x: number): number {
  const square = x * x;
  let term = 1;
  let tail = 0;
  for (let n = 1; term > 1e-18; n++) {
    term *= (2 * square) / (2 * n + 1);
    tail += term;
  }
  return twoOverRootPi * gaussian(x) * (x + x * tail);
}

/** e^(-x²) / √π / (x + 1/2 / (x + 1 / (x + 3/2 / (x + …)))), from the far end. */
function fraction(x: number): number {
  let denominator = x;
  for (let k = 80; k >= 1; k--) denominator = x + k / 2 / denominator;
  return (0.5 * twoOverRootPi * gaussian(x)) / denominator;
}
