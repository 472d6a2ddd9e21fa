import { readFileSync } from 'node:fs';
import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

type Golden = Record<string, number[]> & { seed: number; int64: string[] };

const golden: Golden[] = JSON.parse(readFileSync(new URL('./fixtures/torch.json', import.meta.url), 'utf8'));
const rounded = (values: number[]) => [...Float32Array.from(values)];

test.each(golden)('one stream through every kind of draw, PyTorch seed $seed', (golden) => {
  const generator = new Generator(golden.seed);
  const close = (actual: Float32Array, expected: number[]) => {
    const tail = actual.subarray(actual.length - expected.length);
    for (const [i, value] of expected.entries()) expect(Math.abs(tail[i] - value)).toBeLessThan(1e-6);
  };
  close(generator.randn(3), golden.randn_3);
  close(generator.randn(4), golden.randn_4);
  close(generator.randn(16), golden.randn_16);
  close(generator.randn(2), golden.randn_2);
  close(generator.randn(700), golden.randn_700);
  expect([...generator.uniform(700, -0.3333, 0.21).subarray(-32)]).toEqual(rounded(golden.uniform));
  expect(golden.scalars.map(() => generator.uniform1(-10, 10))).toEqual(golden.scalars);
  expect([...generator.dropoutMask(new Float32Array(700), 0.3).subarray(-64)]).toEqual(
    rounded(golden.dropout),
  );
  expect([...generator.dropoutMask(new Float32Array(18), 0.1)]).toEqual(rounded(golden.dropout2d));
  expect([...generator.bernoulli(700, 0.25).subarray(-64)]).toEqual(golden.bernoulli);
  expect(golden.doubles.map(() => generator.random())).toEqual(golden.doubles);
  const int64 = golden.int64.map(() => String(generator.random64() & 0x7fffffffffffffffn));
  expect(int64).toEqual(golden.int64);
  expect([...generator.randperm(13)]).toEqual(golden.randperm);
  expect([...generator.rand(2)]).toEqual(golden.after);
});

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('state', () => {
  test('goes through JSON and on with the same stream, wherever it was taken', () => {
    fc.assert(
      fc.property(seeds, fc.nat(2000), fc.boolean(), (seed, words, odd) => {
        const generator = new Generator(seed);
        for (let i = 0; i < words; i++) generator.randomWord();
        if (odd) generator.randn(1);
        const text = JSON.stringify(generator.state());
        expect(text.length).toBeLessThan(4000);
        const restored = Generator.fromState(JSON.parse(text));
        const placed = new Generator(0);
        placed.randn(3);
        placed.setState(JSON.parse(text));
        const copy = generator.clone();
        const expected = [...generator.randn(3), ...generator.randn(20), generator.randomUint32()];
        for (const other of [restored, placed, copy])
          expect([...other.randn(3), ...other.randn(20), other.randomUint32()]).toEqual(expected);
        expect(restored.seed).toBe(seed);
      }),
    );
  });

  test('a clone goes its own way', () => {
    const generator = new Generator(1);
    const first = generator.clone().rand(5);
    expect(generator.rand(5)).toEqual(first);
  });

  test('manualSeed starts over, the kept normal included', () => {
    const generator = new Generator(5);
    generator.randn(3);
    expect(generator.manualSeed(9).randn(5)).toEqual(new Generator(9).randn(5));
    expect(generator.seed).toBe(9);
  });

  test('what is no state is refused and changes nothing', () => {
    const generator = new Generator(3);
    const state = generator.state();
    const broken = [
      undefined,
      {},
      { ...state, position: 625 },
      { ...state, position: -1 },
      { ...state, words: state.words.slice(4) },
      { ...state, words: '§' },
      { ...state, nextNormal: 'x' },
      { ...state, nextNormal: 1e300 },
      { ...state, nextNormal: [{ toString: 0 }] },
      { ...state, seed: 0.5 },
    ];
    for (const other of broken)
      expect(() => generator.setState(other as never)).toThrow(InvalidArgumentError);
    expect(generator.state()).toEqual(state);
  });
});

describe('properties', () => {
  test('only the low 32 bits of the seed count', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.nat(1000), (low, high) => {
        const near = new Generator(low).randomUint32();
        expect(new Generator(high * 2 ** 32 + low).randomUint32()).toBe(near);
      }),
    );
  });

  test('a permutation holds every index once', () => {
    fc.assert(
      fc.property(seeds, fc.nat(300), (seed, n) => {
        const order = new Generator(seed).randperm(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test('uniforms stay in their range', () => {
    fc.assert(
      fc.property(seeds, fc.float({ min: -100, max: 100, noNaN: true }), fc.nat(100), (seed, low, width) => {
        for (const value of new Generator(seed).uniform(50, low, low + width)) {
          expect(value).toBeGreaterThanOrEqual(Math.fround(low));
          expect(value).toBeLessThanOrEqual(Math.fround(low + width));
        }
      }),
    );
  });

  test('moments of many draws are those of the distributions', () => {
    const generator = new Generator(12);
    const n = 200_000;
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    const normals = generator.randn(n);
    expect(Math.abs(mean(normals))).toBeLessThan(0.01);
    expect(Math.abs(mean(normals.map((x) => x * x)) - 1)).toBeLessThan(0.02);
    expect(Math.abs(mean(generator.rand(n)) - 0.5)).toBeLessThan(0.005);
    expect(Math.abs(mean(generator.bernoulli(n, 0.9)) - 0.9)).toBeLessThan(0.005);
    expect(Math.abs(mean(generator.dropoutMask(new Float32Array(n), 0.2)) - 1)).toBeLessThan(0.01);
  });
});

test('the ends of a probability are certain', () => {
  const generator = new Generator(0);
  expect([...generator.bernoulli(40, 0)]).toEqual(new Array(40).fill(0));
  expect([...generator.bernoulli(40, 1)]).toEqual(new Array(40).fill(1));
  expect([...generator.dropoutMask(new Float32Array(40), 0)]).toEqual(new Array(40).fill(1));
  expect([...generator.dropoutMask(new Float32Array(40), 1)]).toEqual(new Array(40).fill(0));
});

test('dropout of all or of nothing draws nothing, as in PyTorch', () => {
  const generator = new Generator(1);
  generator.dropoutMask(new Float32Array(40), 0);
  generator.dropoutMask(new Float32Array(40), 1);
  // What torch.randint(0, 2**32, (1,)) gives after torch.manual_seed(1) and F.dropout with p=0 and p=1.
  expect(generator.randomUint32()).toBe(4282876139);
});

test('a dropout mask keeps what lies below 1 - p, to the last of 53 bits', () => {
  const draws = new Generator(5);
  const values = Array.from({ length: 40 }, () => draws.random());
  for (const drawn of values)
    for (const keep of [drawn - 2 ** -53, drawn, drawn + 2 ** -53]) {
      const mask = new Generator(5).dropoutMask(new Float32Array(40), 1 - keep);
      expect([...mask].map((factor) => factor > 0)).toEqual(values.map((value) => value < keep));
    }
});

test.each<[string, () => unknown]>([
  ['seed', () => new Generator(-1)],
  ['seed', () => new Generator(1.5)],
  ['seed', () => new Generator(2 ** 53)],
  ['seed', () => new Generator('1' as unknown as number)],
  ['n', () => new Generator(0).rand(-1)],
  ['n', () => new Generator(0).randn(0.5)],
  ['n', () => new Generator(0).bernoulli(Number.NaN, 0.5)],
  ['n', () => new Generator(0).randperm(3e8)],
  ['low', () => new Generator(0).uniform(1, 2, 1)],
  ['high', () => new Generator(0).uniform1(0, Number.POSITIVE_INFINITY)],
  ['p', () => new Generator(0).bernoulli(1, 1.1)],
  ['p', () => new Generator(0).dropoutMask(new Float32Array(1), Number.NaN)],
])('a wrong %s is refused with its name', (argument, call) => {
  expect(call).toThrow(InvalidArgumentError);
  expect(call).toThrow(expect.objectContaining({ argument }));
});
