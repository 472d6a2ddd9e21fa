import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Generator } from '@mnist-kit/core';
import { describe, expect, test } from 'vitest';

interface Golden {
  seed: number;
  random_u32: number[];
  rand: number[];
  uniform_m1_1: number[];
  randn_5: number[];
  randn_40: number[];
  bernoulli_09: number[];
  randperm_10: number[];
  randperm_60000_head: number[];
  randperm_60000_sha256_i64le: string;
  random_split_train_head: number[];
  random_split_val_head: number[];
  random_split_val_sha256_i64le: string;
  random_split_train_sha256_i64le: string;
  two_randperms: number[][];
}

interface Shuffle {
  seed: number;
  n: number;
  epochs: { head: number[]; sha256_i64le: string }[];
}

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')) as T;
const sha256 = (indices: Int32Array): string =>
  createHash('sha256').update(BigInt64Array.from(indices, BigInt)).digest('hex');

describe.each(fixture<Golden[]>('rng.json'))('PyTorch seed $seed', (golden) => {
  const generator = () => new Generator(golden.seed);

  test('integers below 2^32 and raw words are exact', () => {
    const integers = generator();
    expect(golden.random_u32.map(() => integers.randomUint32())).toEqual(golden.random_u32);
    const words = generator();
    const halves = golden.random_u32.map(() => [words.randomWord(), words.randomWord()]);
    expect(halves.map(([, low]) => low)).toEqual(golden.random_u32);
    expect(halves.map(([high]) => Math.fround((high & 0xffffff) * 2 ** -24))).toEqual(
      golden.rand.filter((_, i) => i < 16 && i % 2 === 0),
    );
    const wide = generator();
    expect(golden.random_u32.map(() => Number(wide.random64() & 0xffffffffn))).toEqual(golden.random_u32);
  });

  test('rand and uniform are exact', () => {
    expect([...generator().rand(golden.rand.length)]).toEqual(golden.rand);
    expect([...generator().uniform(golden.uniform_m1_1.length, -1, 1)]).toEqual(golden.uniform_m1_1);
  });

  test('randn agrees to 1e-6 below 16 values and above', () => {
    const small = generator().randn(5);
    const large = generator().randn(40);
    for (const [i, value] of golden.randn_5.entries()) expect(Math.abs(small[i] - value)).toBeLessThan(1e-6);
    for (const [i, value] of golden.randn_40.entries()) expect(Math.abs(large[i] - value)).toBeLessThan(1e-6);
  });

  test('bernoulli is exact', () => {
    expect([...generator().bernoulli(golden.bernoulli_09.length, 0.9)]).toEqual(golden.bernoulli_09);
  });

  test('permutations are exact', () => {
    expect([...generator().randperm(10)]).toEqual(golden.randperm_10);
    const two = generator();
    expect(golden.two_randperms.map(() => [...two.randperm(10)])).toEqual(golden.two_randperms);
    const large = generator().randperm(60_000);
    expect([...large.subarray(0, 16)]).toEqual(golden.randperm_60000_head);
    expect(sha256(large)).toBe(golden.randperm_60000_sha256_i64le);
  });

  test('a random split of 60,000 is exact', () => {
    const order = generator().randperm(60_000);
    expect([...order.subarray(0, 16)]).toEqual(golden.random_split_train_head);
    expect([...order.subarray(50_000, 50_016)]).toEqual(golden.random_split_val_head);
    expect(sha256(order.subarray(0, 50_000))).toBe(golden.random_split_train_sha256_i64le);
    expect(sha256(order.subarray(50_000))).toBe(golden.random_split_val_sha256_i64le);
  });
});

test.each(fixture<Shuffle[]>('shuffle.json'))('three epochs of a shuffled loader, seed $seed', (golden) => {
  const generator = new Generator(golden.seed);
  for (const epoch of golden.epochs) {
    generator.randomUint32(); // the loader's base seed
    const order = new Generator(generator.randomUint32()).randperm(golden.n);
    expect([...order.subarray(0, 16)]).toEqual(epoch.head);
    expect(sha256(order)).toBe(epoch.sha256_i64le);
  }
});
