import { math } from '@mnist-kit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const view = new DataView(new ArrayBuffer(8));
/** Distance in units in the last place: neighbours in the order of doubles are 1 apart. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const order = (x: number): bigint => {
    view.setFloat64(0, x);
    const bits = view.getBigInt64(0);
    return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
  };
  const distance = order(a) - order(b);
  return Number(distance < 0n ? -distance : distance);
}

/** Doubles whose sizes are spread over many powers of two. */
const spread = (low: number, high: number) =>
  fc
    .tuple(fc.double({ min: 1, max: 2, noNaN: true }), fc.integer({ min: low, max: high }), fc.boolean())
    .map(([m, k, negative]) => (negative ? -m : m) * 2 ** k);

const runs = { numRuns: 20_000 };
const special = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe('against the engine, which is itself within 1 ulp', () => {
  test('exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -745, max: 709.7, noNaN: true }), (x) => {
        expect(ulps(math.exp(x), Math.exp(x))).toBeLessThanOrEqual(2);
      }),
      runs,
    );
  });

  test('log', () => {
    fc.assert(
      fc.property(spread(-1060, 1022), (x) => {
        expect(ulps(math.log(Math.abs(x)), Math.log(Math.abs(x)))).toBeLessThanOrEqual(2);
      }),
      runs,
    );
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => {
        expect(ulps(math.log(x), Math.log(x))).toBeLessThanOrEqual(2);
      }),
      runs,
    );
  });

  test('sin and cos, small and large', () => {
    for (const angles of [spread(-30, 8), spread(8, 60), spread(60, 1022)])
      fc.assert(
        fc.property(angles, (x) => {
          expect(ulps(math.sin(x), Math.sin(x))).toBeLessThanOrEqual(2);
          expect(ulps(math.cos(x), Math.cos(x))).toBeLessThanOrEqual(2);
        }),
        { numRuns: 3_000 },
      );
  });

  test('sin and cos beside multiples of a quarter turn', () => {
    for (let n = -2000; n <= 2000; n++) {
      const x = (n * Math.PI) / 2;
      expect(ulps(math.sin(x), Math.sin(x))).toBeLessThanOrEqual(2);
      expect(ulps(math.cos(x), Math.cos(x))).toBeLessThanOrEqual(2);
    }
  });

  test('pow', () => {
    fc.assert(
      fc.property(spread(-40, 40), fc.double({ min: -20, max: 20, noNaN: true }), (x, y) => {
        expect(ulps(math.pow(Math.abs(x), y), Math.abs(x) ** y)).toBeLessThanOrEqual(2);
      }),
      runs,
    );
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1, noNaN: true }), fc.integer({ min: 1, max: 1000 }), (x, n) => {
        expect(ulps(math.pow(x, n), x ** n)).toBeLessThanOrEqual(2);
      }),
      runs,
    );
  });

  test('tanh', () => {
    fc.assert(
      fc.property(spread(-40, 5), (x) => {
        expect(ulps(math.tanh(x), Math.tanh(x))).toBeLessThanOrEqual(3);
      }),
      runs,
    );
  });

  test('special values', () => {
    for (const x of special) {
      for (const name of ['exp', 'log', 'sin', 'cos', 'tanh'] as const)
        expect(math[name](x), `${name}(${x})`).toBe(Math[name](x));
      for (const y of [...special, 0.5, 2, 3, -3, 1e300, -1e300])
        expect(math.pow(x, y), `${x} ** ${y}`).toBe(x ** y);
    }
    expect(math.exp(710)).toBe(Number.POSITIVE_INFINITY);
    expect(math.exp(-746)).toBe(0);
    expect(math.exp(-745)).toBe(5e-324);
    expect(math.log(5e-324)).toBe(-744.4400719213812);
  });
});

test('pow is within 1 ulp of exact integer powers, and exact for powers of two', () => {
  for (let x = 2; x <= 40; x++)
    for (let n = 1; n <= 150; n++)
      expect(ulps(math.pow(x, n), Number(BigInt(x) ** BigInt(n)))).toBeLessThanOrEqual(1);
  for (let n = -1022; n <= 1023; n++) expect(math.pow(2, n)).toBe(2 ** n);
});

test('erf agrees with the erf of the C library to 1e-15', () => {
  // What glibc's erf gives.
  const known: [number, number][] = [
    [1e-10, 1.1283791670955126e-10],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [2.4, 0.999311486103355],
    [2.5, 0.999593047982555],
    [3, 0.9999779095030014],
    [4, 0.9999999845827421],
    [7, 1],
  ];
  for (const [x, value] of known) {
    expect(Math.abs(math.erf(x) / value - 1)).toBeLessThan(1e-15);
    expect(math.erf(-x)).toBe(-math.erf(x));
  }
  expect(math.erf(0)).toBe(0);
  expect(math.erf(Number.NaN)).toBeNaN();
  expect(math.erf(Number.POSITIVE_INFINITY)).toBe(1);
});

test('sin² + cos² is 1 and erf has the Gaussian as its slope', () => {
  fc.assert(
    fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (x) => {
      expect(Math.abs(math.sin(x) ** 2 + math.cos(x) ** 2 - 1)).toBeLessThan(4e-16);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 5, noNaN: true }), (x) => {
      const h = 1e-5;
      const slope = (math.erf(x + h) - math.erf(x - h)) / (2 * h);
      expect(Math.abs(slope - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x))).toBeLessThan(1e-9);
    }),
  );
});
