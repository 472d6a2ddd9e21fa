const scratch = new DataView(new ArrayBuffer(8));

/** 2^k for -1022 <= k <= 1023. */
export function powerOfTwo(k: number): number {
  scratch.setUint32(0, (k + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

/** x * 2^k without rounding twice, for results down to the subnormals. */
export function scale(x: number, k: number): number {
  if (k > 1023) return x * powerOfTwo(1023) * powerOfTwo(k - 1023);
  if (k < -1022) return x * powerOfTwo(Math.max(k + 60, -1022)) * powerOfTwo(-60);
  return x * powerOfTwo(k);
}

/** Splits a positive finite number into m * 2^k with m in [sqrt(1/2), sqrt(2)). */
export function split(x: number): { mantissa: number; exponent: number } {
  let exponent = 0;
  let value = x;
  if (value < 2.2250738585072014e-308) {
    value *= 18014398509481984;
    exponent = -54;
  }
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  exponent += (high >>> 20) - 1023;
  scratch.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = scratch.getFloat64(0);
  if (mantissa >= Math.SQRT2) {
    mantissa *= 0.5;
    exponent += 1;
  }
  return { mantissa, exponent };
}

/** Value of a polynomial by Horner's rule; `terms[0]` is the constant. */
export function horner(terms: readonly number[], x: number): number {
  let sum = 0;
  for (let i = terms.length - 1; i >= 0; i--) sum = sum * x + terms[i];
  return sum;
}
