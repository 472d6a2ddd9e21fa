import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, RandomState } from '@mnist-kit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

interface Golden {
  seed: number;
  random: number[];
  beta: { a: number; b: number; values: number[] }[];
  permutation: number[][];
  large_sha256_i64le: string;
  letters: string[];
  randint: { low: number; high: number; values: number[] }[];
  after: number;
}

const golden: Golden[] = JSON.parse(readFileSync(new URL('./fixtures/numpy.json', import.meta.url), 'utf8'));

describe.each(golden)('NumPy seed $seed', (golden) => {
  const make = () => new RandomState(golden.seed);

  test('doubles are exact', () => {
    const random = make();
    expect(golden.random.map(() => random.random())).toEqual(golden.random);
  });

  test.each(golden.beta)('beta($a, $b) agrees to 1e-13', ({ a, b, values }) => {
    const random = make();
    for (const value of values)
      expect(Math.abs(random.beta(a, b) - value)).toBeLessThanOrEqual(1e-13 * value);
  });

  test('permutations and shuffles are exact', () => {
    const random = make();
    expect(golden.permutation.map(() => [...random.permutation(20)])).toEqual(golden.permutation);
    const large = BigInt64Array.from(random.permutation(60_000), BigInt);
    expect(createHash('sha256').update(large).digest('hex')).toBe(golden.large_sha256_i64le);
    expect(random.shuffle([...'abcdefghij'])).toEqual(golden.letters);
  });

  test('integers in a range are exact and use as many words', () => {
    const random = make();
    for (const { low, high, values } of golden.randint)
      expect(values.map(() => random.randint(low, high))).toEqual(values);
    expect(random.random()).toBe(golden.after);
  });
});

test('a state that went through JSON gives the same stream, the odd normal included', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(700), (seed, draws) => {
      const random = new RandomState(seed);
      for (let i = 0; i < draws; i++) random.random();
      random.beta(2.5, 1);
      const again = RandomState.fromState(JSON.parse(JSON.stringify(random.state())));
      for (let i = 0; i < 5; i++) expect(again.beta(3, 2)).toBe(random.beta(3, 2));
    }),
  );
});

test('bad arguments are refused', () => {
  const random = new RandomState(0);
  for (const seed of [-1, 0.5, 2 ** 32, Number.NaN])
    expect(() => new RandomState(seed)).toThrow(InvalidArgumentError);
  expect(() => random.randint(3, 3)).toThrow(InvalidArgumentError);
  expect(() => random.randint(0.5, 3)).toThrow(InvalidArgumentError);
  expect(() => random.permutation(-1)).toThrow(InvalidArgumentError);
  expect(() => random.beta(0, 1)).toThrow(/`a` must be a finite number above 0\. Received: a=0/);
  expect(() => random.beta(1, Number.POSITIVE_INFINITY)).toThrow(InvalidArgumentError);
  expect(() => random.setState({ words: '', position: 0, nextNormal: null })).toThrow(InvalidArgumentError);
  for (const nextNormal of [1e300, [1], [{ toString: 0 }]] as number[])
    expect(() => random.setState({ ...random.state(), nextNormal })).toThrow(InvalidArgumentError);
  expect(() => RandomState.fromState(undefined as never)).toThrow(InvalidArgumentError);
});
