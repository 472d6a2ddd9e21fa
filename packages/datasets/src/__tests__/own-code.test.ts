import { type Batch, CheckpointError, DataError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  affine,
  arrayDataset,
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  decodeIdx,
  idxDataset,
  randomSplit,
  rotate,
  Subset,
  transforms as T,
} from '@mnist-kit/datasets';
import { describe, expect, test } from 'vitest';

const shape = [2, 2, 1] as const;
const digits = () =>
  arrayDataset({
    images: Uint8Array.from({ length: 40 }, (_, i) => i),
    labels: Array.from({ length: 10 }, (_, i) => i % 3),
    shape,
  });

/** A data set of the user's own, of two samples. */
const own = (change: Record<string, unknown>): Dataset =>
  ({
    length: 2,
    shape,
    classes: ['a', 'b'],
    get: () => ({ image: new Uint8Array(4), label: 0 }),
    ...change,
  }) as unknown as Dataset;

async function firstBatch(dataset: Dataset, options: Record<string, unknown> = {}): Promise<Batch> {
  const generator = new Generator(1);
  const loader = new DataLoader(dataset, { batchSize: 2, generator, ...options } as DataLoaderOptions);
  const batch = (await loader[Symbol.asyncIterator]().next()).value as Batch;
  await loader.dispose();
  return batch;
}

type Refusal = [what: string, message: string, call: () => unknown];

async function expectRefusal(kind: new (...args: never[]) => Error, message: string, call: () => unknown) {
  const attempt = async () => call();
  await expect(attempt()).rejects.toThrow(kind);
  await expect(attempt()).rejects.toThrow(message);
}

const numbers = (...values: unknown[]) => values as number[];
/** An array of nothing but holes, which `every` and `map` pass over. */
const holes = (length: number) => new Array<number>(length);

describe('what is no data set, or no part of one, is refused where it is given', () => {
  test.each<Refusal>([
    ['a set of indices', '`indices` must be an array', () => new Subset(digits(), new Set([500]) as never)],
    ['an iterator', '`indices` must be an array', () => new Subset(digits(), [1].values() as never)],
    ['a number of samples', '`indices` must be an array', () => new Subset(digits(), 5 as never)],
    ['no indices', '`indices` must be an array', () => new Subset(digits(), undefined as never)],
    ['an array with a hole', '`indices[0]` must be an integer', () => new Subset(digits(), holes(1))],
    ['a subset of an array', '`dataset` must be a data set', () => new Subset([1, 2] as never, [0])],
    ['a subset of nothing', '`dataset` must be a data set', () => new Subset(undefined as never, [0])],
    [
      'a split of an array',
      '`dataset` must be',
      () => randomSplit([1, 2] as never, [1, 1], new Generator(1)),
    ],
    [
      'a length that is a string',
      '`lengths` must be numbers',
      () => randomSplit(digits(), numbers(5, '5'), new Generator(1)),
    ],
    [
      'lengths with a hole',
      '`lengths` must be numbers',
      () => randomSplit(digits(), holes(2), new Generator(1)),
    ],
    ['a negative length', '`dataset` must be a data set', () => firstBatch(own({ length: -1 }))],
    ['no shape', '`dataset.shape` must be', () => firstBatch(own({ shape: undefined }))],
    ['a shape of two sizes', '`dataset.shape` must be', () => firstBatch(own({ shape: [2, 2] }))],
    ['no classes', '`dataset.classes` must be', () => firstBatch(own({ classes: undefined }))],
    ['a number of classes', '`dataset.classes` must be', () => firstBatch(own({ classes: 2 }))],
    [
      'a shape with a hole',
      '`shape` must be',
      () =>
        arrayDataset({
          images: new Uint8Array(4),
          labels: [0],
          shape: holes(3),
        }),
    ],
    [
      'classes with a hole',
      '`classes` must be',
      () => arrayDataset({ images: new Uint8Array(4), labels: [0], shape, classes: holes(1) as never }),
    ],
    ['no generator', '`generator` must be a Generator', () => firstBatch(digits(), { generator: null })],
    [
      'an endless sampler',
      'must give 3 positions. Received: sampler="more positions"',
      () =>
        firstBatch(digits(), {
          sampler: {
            length: 3,
            *[Symbol.iterator]() {
              for (;;) yield 0;
            },
          },
        }),
    ],
    [
      'classes that are null',
      '`classes` must be an array of names',
      () => idxDataset({ images: new Uint8Array(0), labels: new Uint8Array(0), classes: null as never }),
    ],
    [
      'another number of dimensions',
      '`dimensions` must be 1, 2, 3 or 4',
      () => decodeIdx(new Uint8Array(8), { dimensions: 7 }),
    ],
  ])('%s', (_, message, call) => expectRefusal(InvalidArgumentError, message, call));

  test('what is like an array is taken by its positions', () => {
    const odd = { length: 2, 0: 7, 1: 3, [Symbol.iterator]: () => [500, 501].values() };
    expect(Array.from(new Subset(digits(), odd).indices)).toEqual([7, 3]);
  });
});

describe('what a data set or transform of the user gives is checked at every sample', () => {
  const gives = (image: unknown, label: unknown = 0) => own({ get: () => ({ image, label }) });
  const late = own({
    get: (i: number) => ({ image: Float32Array.of(0, i === 1 ? Number.NaN : 0, 1, 2), label: 0 }),
  });
  const floats = (fill: number) => (image: { data: Uint8Array }) => ({
    ...image,
    data: Float32Array.from(image.data, () => fill),
  });

  test.each<Refusal>([
    ['NaN', 'Sample 1 of the data set has a pixel that is NaN', () => firstBatch(late)],
    ['infinity', 'has a pixel that is Infinity', () => firstBatch(gives(Float32Array.of(0, 1, Infinity, 2)))],
    [
      'NaN from a function',
      'The transform makes a pixel of sample 0 NaN',
      () => firstBatch(digits(), { transform: floats(Number.NaN) }),
    ],
    [
      'infinity from normalize',
      'The transform makes a pixel of sample 0 Infinity',
      () =>
        firstBatch(gives(new Float32Array(4).fill(3e38)), { transform: T.normalize({ mean: 0, std: 0.1 }) }),
    ],
    [
      'a label between two',
      'Sample 0 of the data set has label 0.5',
      () => firstBatch(gives(new Uint8Array(4), 0.5)),
    ],
    [
      'a label in words',
      'Sample 0 of the data set has label 1, expected',
      () => firstBatch(gives(new Uint8Array(4), '1')),
    ],
  ])('%s', (_, message, call) => expectRefusal(DataError, message, call));

  test.each<Refusal>([
    [
      'nothing',
      '`dataset.get` must return { image, label } at once',
      () => firstBatch(own({ get: () => undefined })),
    ],
    [
      'a promise',
      '`dataset.get` must return { image, label } at once',
      () => firstBatch(own({ get: async () => ({ image: new Uint8Array(4), label: 0 }) })),
    ],
  ])('%s', (_, message, call) => expectRefusal(InvalidArgumentError, message, call));

  test('labels and indices that were written to later', async () => {
    const relabelled = digits();
    relabelled.labels[1] = 2;
    expect((await firstBatch(relabelled)).labels[1]).toBe(2);
    relabelled.labels[1] = 3;
    await expectRefusal(
      DataError,
      'Sample 1 of the data set has label 3, expected an integer from 0 to 2',
      () => firstBatch(relabelled),
    );
    const inner = new Subset(digits(), [1, 2]);
    const outer = new Subset(inner, [1, 0]);
    inner.indices[0] = 5000;
    await expectRefusal(InvalidArgumentError, '`indices[0]` must be an integer from 0 to 9', () =>
      firstBatch(outer),
    );
  });

  test('a function that writes to its image does not write to the data set', async () => {
    const dataset = digits();
    const cached = new Float32Array(4);
    const white = (image: { data: Uint8Array | Float32Array }) => {
      image.data.fill(255);
      return image;
    };
    expect((await firstBatch(dataset, { transform: white })).images[0]).toBe(1);
    expect(Array.from(dataset.images)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    await firstBatch(own({ get: () => ({ image: cached, label: 0 }) }), { transform: white });
    expect(Array.from(cached)).toEqual([0, 0, 0, 0]);
  });
});

describe('transforms that cannot work are refused', () => {
  const random = (draw: () => unknown) => ({ kind: 'geometric', name: 'mine', draw });
  const first = (transform: unknown) => firstBatch(digits(), { transform });
  const image = { data: new Uint8Array(4), width: 2, height: 2 };

  test.each<Refusal>([
    [
      'a mean beyond float32',
      '`mean` must be a finite float32 number',
      () => T.normalize({ mean: 1e39, std: 1 }),
    ],
    [
      'a std beyond float32',
      '`std` must be a finite float32 number',
      () => T.normalize({ mean: 0, std: 1e39 }),
    ],
    [
      'values beyond float32',
      'normalize(mean=0.5, std=1e-44) does not',
      () => first(T.normalize({ mean: 0.5, std: 1e-44 })),
    ],
    ['a mean with a hole', '`mean` must be', () => T.normalize({ mean: holes(1), std: 1 })],
    [
      'a shift in words',
      '`translate` must be',
      () => T.randomAffine({ degrees: 0, translate: numbers('0.1', '0.1') as never }),
    ],
    [
      'a scale of 0 in float32',
      '`scale` must be above 0',
      () => T.randomAffine({ degrees: 0, scale: [1e-320, 1] }),
    ],
    ['a range with a hole', '`degrees` must be', () => T.randomRotation(holes(2) as never)],
    ['coordinates that are infinite', '`scale` must be large enough', () => affine(image, { scale: 1e-310 })],
    ['no image', '`image` must be an image', () => rotate(undefined as never, 1)],
    [
      'a normalize without numbers',
      '`transform` must be one of',
      () => first({ kind: 'normalize', name: 'mine' }),
    ],
    [
      'a compose without a list',
      '`transform` must be one of',
      () => first({ kind: 'compose', name: 'mine' }),
    ],
    ['one that draws nothing', 'six finite coefficients in mine', () => first(random(() => undefined))],
    [
      'one that draws NaN',
      'six finite coefficients in mine',
      () => first(random(() => ({ mode: 1, coefficients: [Number.NaN, 0, 0, 0, 1, 0] }))),
    ],
    [
      'one that draws an unknown mode',
      'a mode of 0, 1 or 2',
      () => first(random(() => ({ mode: 7, coefficients: [1, 0, 0, 0, 1, 0] }))),
    ],
  ])('%s', (_, message, call) => expectRefusal(InvalidArgumentError, message, call));
});

describe("a state goes on in the loader it is of, with its order's origin", () => {
  const state = {
    batches: 1,
    samplerSeed: null,
    order: null,
    prefetched: null,
    samples: 4,
    batchSize: 2,
    shuffle: false,
    dropLast: false,
  };
  const plain = () => new DataLoader(new Subset(digits(), [0, 1, 2, 3]), { batchSize: 2 });
  const sampled = () => new DataLoader(digits(), { batchSize: 2, sampler: [3, 2, 1, 0] });

  test.each<Refusal>([
    [
      'an order without a sampler',
      'was saved with a sampler, but this loader has none',
      () => plain().resume({ ...state, order: [3, 2, 1, 0] }),
    ],
    [
      'a sampler without an order',
      'was saved without a sampler, but this loader has one',
      () => sampled().resume(state),
    ],
    ['a seed without a shuffle', 'is damaged', () => plain().resume({ ...state, samplerSeed: 7 })],
  ])('%s', (_, message, call) => expectRefusal(CheckpointError, message, call));
});

describe('memory that the caller goes on using', () => {
  test('arrays are copied; a SharedArrayBuffer is used as it is', () => {
    const plain = new Uint8Array(4);
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    const labels = new Uint8Array(1);
    const [copied, used] = [plain, shared].map((images) =>
      arrayDataset({ images, labels, shape, classes: ['a', 'b'] }),
    );
    for (const array of [plain, shared, labels]) array.fill(1);
    expect([copied.get(0).image[0], used.get(0).image[0], copied.labels[0]]).toEqual([0, 1, 0]);
  });

  test('arrays are copied where there is no shared memory', () => {
    const { SharedArrayBuffer: real } = globalThis;
    try {
      Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
      const images = new Uint8Array(4);
      const dataset = arrayDataset({ images, labels: [0], shape });
      images.fill(1);
      expect(dataset.get(0).image[0]).toBe(0);
    } finally {
      globalThis.SharedArrayBuffer = real;
    }
  });

  test('a buffer that was given away holds nothing', async () => {
    const images = new Uint8Array(4);
    structuredClone(images.buffer, { transfer: [images.buffer] });
    await expectRefusal(InvalidArgumentError, '`images` must hold', () =>
      arrayDataset({ images, labels: [0], shape }),
    );
    await expectRefusal(DataError, 'truncated', () => decodeIdx(images));
  });
});
