import { DataError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import { arrayDataset, randomSplit, Subset } from '@mnist-kit/datasets';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { golden, sha256 } from './golden.js';

interface RandomSplit {
  seed: number;
  random_split_train_head: number[];
  random_split_val_head: number[];
  random_split_train_sha256_i64le: string;
  random_split_val_sha256_i64le: string;
}

function numbered(length: number) {
  return arrayDataset({
    images: new Uint8Array(length),
    labels: Array.from({ length }, (_, i) => i % 7),
    shape: [1, 1, 1],
  });
}

test('randomSplit gives the indices of torch.random_split', () => {
  const dataset = numbered(60_000);
  for (const expected of golden<RandomSplit[]>('random-split.json')) {
    const [train, val] = randomSplit(dataset, [50_000, 10_000], new Generator(expected.seed));
    expect(Array.from(train.indices.subarray(0, 16))).toEqual(expected.random_split_train_head);
    expect(Array.from(val.indices.subarray(0, 16))).toEqual(expected.random_split_val_head);
    expect(sha256(BigInt64Array.from(train.indices, BigInt))).toBe(expected.random_split_train_sha256_i64le);
    expect(sha256(BigInt64Array.from(val.indices, BigInt))).toBe(expected.random_split_val_sha256_i64le);
  }
});

test('the parts of a split are the data set, each sample once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }), (lengths) => {
      const total = lengths.reduce((a, b) => a + b, 0);
      fc.pre(total > 1);
      const parts = randomSplit(numbered(total), lengths, new Generator(total));
      expect(parts.map((part) => part.length)).toEqual(lengths);
      const all = parts.flatMap((part) => Array.from(part.indices)).sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: total }, (_, i) => i));
    }),
  );
});

test('fractions are rounded down and the rest is dealt in turn, as in PyTorch', () => {
  const parts = randomSplit(numbered(10), [0.33, 0.33, 0.34], new Generator(0));
  expect(parts.map((part) => part.length)).toEqual([4, 3, 3]);
});

test.each([
  ['lengths that do not add up', [50, 40]],
  ['a negative length', [110, -10]],
  ['broken lengths', [50.5, 49.5]],
  ['fractions above 1', [0.7, 0.7]],
  ['no lengths', []],
])('%s are refused', (_, lengths) => {
  const run = () => randomSplit(numbered(100), lengths, new Generator(0));
  expect(run).toThrow(InvalidArgumentError);
  expect(run).toThrow('`lengths`');
});

test('a subset of a subset finds its samples', () => {
  const inner = new Subset(numbered(20), [5, 6, 7, 8]);
  const outer = new Subset(inner, [3, 0]);
  expect([outer.get(0).label, outer.get(1).label]).toEqual([8 % 7, 5 % 7]);
  expect(outer.length).toBe(2);
  expect(() => outer.get(2)).toThrow(InvalidArgumentError);
  expect(() => new Subset(inner, [4])).toThrow('must be an integer from 0 to 3');
});

test('arrayDataset refuses what cannot be a data set', () => {
  const shape = [2, 2, 1];
  const images = new Uint8Array(8);
  expect(() => arrayDataset({ images, labels: [0], shape })).toThrow(
    'must hold 1 (labels) x 2 x 2 x 1 = 4 values',
  );
  expect(() => arrayDataset({ images, labels: [0, 1], shape: [2, 2] })).toThrow(InvalidArgumentError);
  expect(() => arrayDataset({ images, labels: [0, 2], shape, classes: ['a', 'b'] })).toThrow(
    'Label 1 is 2, but there are 2 classes',
  );
  expect(() => arrayDataset({ images, labels: [0, 0.5], shape })).toThrow(DataError);
  expect(() => arrayDataset({ images: new Uint8Array(0), labels: [], shape })).toThrow('empty');
  const floats = new Float32Array(8).fill(1);
  floats[5] = Number.NaN;
  expect(() => arrayDataset({ images: floats, labels: [0, 1], shape })).toThrow(
    'Image 1 has a pixel that is NaN',
  );
});

test('arrayDataset keeps float32 pixels as they are', () => {
  const dataset = arrayDataset({ images: Float32Array.of(-1.5, 2), labels: [1, 0], shape: [1, 1, 1] });
  expect(Array.from(dataset.get(1).image)).toEqual([2]);
  expect(dataset.classes).toEqual(['0', '1']);
});
