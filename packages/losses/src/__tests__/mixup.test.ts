import { type Batch, CheckpointError, Generator, InvalidArgumentError, RandomState } from '@mnist-kit/core';
import { type Mixup, mixup } from '@mnist-kit/losses';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectClose, fixture } from './fixtures.js';

interface Golden {
  seed: number;
  alpha: number;
  probability: number;
  images: number[];
  batches: ({ lambda: number; partners: number[]; images: number[] } | null)[];
}

function batch(images: number[], shape: [number, number, number] = [2, 2, 1], spare = 0): Batch {
  const size = images.length / (shape[0] * shape[1] * shape[2]);
  return {
    images: Float32Array.from([...images, ...new Array<number>(spare).fill(-1)]),
    labels: new Int32Array(size),
    indices: new Int32Array(size),
    size,
    shape,
  };
}

describe.each(fixture<Golden[]>('mixup.json'))(
  'NumPy and PyTorch seeded with $seed, alpha $alpha',
  (golden) => {
    const { seed, alpha, probability } = golden;
    const make = () => mixup({ alpha, probability, seed });

    test('coin, weight, partners and pixels are theirs', () => {
      const mixing = make();
      const generator = new Generator(seed);
      for (const expected of golden.batches) {
        const own = batch(golden.images, [2, 2, 1], 8);
        const draw = mixing.mix(own, generator);
        if (expected === null) {
          expect(draw).toBeUndefined();
        } else {
          expect(draw?.lambda).toBeCloseTo(expected.lambda, 13);
          expect([...(draw?.partners ?? [])]).toEqual(expected.partners);
        }
        expectClose(own.images.subarray(0, 24), expected?.images ?? golden.images, 1.2e-7);
        expect([...own.images.subarray(24)]).toEqual(new Array(8).fill(-1));
      }
    });

    test('goes on the same from a state that went through JSON', () => {
      const first = make();
      const generator = new Generator(seed);
      for (let i = 0; i < 3; i++) first.draw(6, generator);
      const second = mixup({ alpha, probability });
      second.loadState(JSON.parse(JSON.stringify(first.state())));
      const other = generator.clone();
      for (let i = 0; i < 5; i++) expect(second.draw(6, other)).toEqual(first.draw(6, generator));
    });
  },
);

test('a probability of 0 mixes nothing and draws no permutation, and 1 mixes every batch', () => {
  const generator = new Generator(1);
  const before = generator.state();
  const never = mixup({ probability: 0, seed: 1 });
  for (let i = 0; i < 20; i++) expect(never.draw(4, generator)).toBeUndefined();
  expect(generator.state()).toEqual(before);
  const always = mixup({ seed: 1 });
  for (let i = 0; i < 20; i++) expect(always.draw(4, generator)).toBeDefined();
});

test('without a seed the generator decides, and takes two words for it', () => {
  const draws = (mixing: Mixup, generator: Generator) =>
    Array.from({ length: 4 }, () => mixing.draw(5, generator));
  const generator = new Generator(9);
  const twin = new Generator(9);
  const unseeded = draws(mixup({ alpha: 0.5 }), generator);
  const seeded = draws(mixup({ alpha: 0.5, seed: twin.randomUint32() }), twin);
  expect(unseeded).toEqual(seeded);
});

test('sources of your own are asked, in the order coin, weight, permutation', () => {
  const asked: string[] = [];
  const mixing = mixup({
    alpha: 3,
    probability: 0.5,
    random: {
      random: () => {
        asked.push('random');
        return 0.49;
      },
      beta: (a, b) => {
        asked.push(`beta ${a} ${b}`);
        return 0.75;
      },
    },
    permutation: (size) => {
      asked.push(`permutation ${size}`);
      return Int32Array.of(1, 0);
    },
  });
  const own = batch([0, 0, 4, 8], [1, 2, 1]);
  expect(mixing.mix(own, new Generator(0))).toEqual({ lambda: 0.75, partners: Int32Array.of(1, 0) });
  expect([...own.images]).toEqual([1, 2, 3, 6]);
  expect(asked).toEqual(['random', 'beta 3 3', 'permutation 2']);
  expect(mixing.state()).toEqual({ random: null });
  const numpy = mixup({ random: new RandomState(5) }).draw(3, new Generator(0));
  expect(numpy).toEqual(mixup({ seed: 5 }).draw(3, new Generator(0)));
});

test('mixing keeps the sum of the images', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 40 }),
      fc.nat(1000),
      (values, seed) => {
        const images = values.slice(0, 4 * Math.floor(values.length / 4));
        const own = batch(images);
        mixup({ alpha: 0.4, seed }).mix(own, new Generator(seed));
        const total = (array: ArrayLike<number>) => Array.from(array).reduce((a, b) => a + b, 0);
        // A permutation takes every image once, so what one sample gives away another gets.
        expect(total(own.images)).toBeCloseTo(total(images), 4);
      },
    ),
  );
});

test('bad options and states are refused', () => {
  expect(() => mixup({ alpha: 0 })).toThrow(InvalidArgumentError);
  expect(() => mixup({ alpha: Number.NaN })).toThrow(/`alpha` must be a finite number above 0/);
  expect(() => mixup({ probability: 1.1 })).toThrow(InvalidArgumentError);
  expect(() => mixup({ seed: -1 })).toThrow(InvalidArgumentError);
  expect(() => mixup().loadState({} as never)).toThrow(CheckpointError);
  expect(() => mixup().loadState({ random: {} } as never)).toThrow(CheckpointError);
});
