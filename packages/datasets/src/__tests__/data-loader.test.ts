import { CheckpointError, DataError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  arrayDataset,
  DataLoader,
  type DataLoaderOptions,
  type DataLoaderState,
  type Dataset,
  mnist,
  type Pixels,
  rotate,
  Subset,
  transforms as T,
} from '@mnist-kit/datasets';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { bytes, failure, golden, sha256 } from './golden.js';

interface Run {
  epochs: { indices: number[]; labels: number[]; sha256: string }[][];
  nextUniform: number;
}
interface Pictures {
  shape: [number, number, number];
  data: string;
}
interface Golden {
  gray: Pictures;
  colour: Pictures;
  floats: Pictures;
  runs: Record<'augmented' | 'dropLast' | 'inOrder' | 'colour' | 'floats', Run>;
}
interface Shuffle {
  seed: number;
  n: number;
  batch_size: number;
  epochs: { head: number[]; sha256_i64le: string }[];
}
interface Augment {
  pipeline: { sha256_f32le_chw: string[] };
}

const stored = golden<Golden>('loader.json');
const loaders: DataLoader[] = [];

function load(dataset: Dataset, options?: DataLoaderOptions): DataLoader {
  const loader = new DataLoader(dataset, options);
  loaders.push(loader);
  return loader;
}

afterEach(async () => {
  await Promise.all(loaders.splice(0).map((loader) => loader.dispose()));
});

function pictures({ shape, data }: Pictures, floats = false) {
  const raw = bytes(data);
  const images: Pixels = floats ? new Float32Array(raw.buffer) : raw;
  const length = images.length / (shape[0] * shape[1] * shape[2]);
  return arrayDataset({
    images,
    shape,
    labels: Array.from({ length }, (_, i) => i % 10),
    classes: Array.from({ length: 10 }, (_, i) => `${i}`),
  });
}

const augment = [
  T.randomRotation(25),
  T.randomAffine({ degrees: 5, translate: [0.2, 0.1], scale: [0.9, 1.1], shear: 7 }),
];

interface Seen {
  indices: number[];
  labels: number[];
  sha256: string;
}

/** All batches of an epoch, copied; with or without asking for the next one ahead. */
async function epoch(loader: DataLoader, ahead: boolean, limit = Number.POSITIVE_INFINITY): Promise<Seen[]> {
  const seen: Seen[] = [];
  const iterator = loader[Symbol.asyncIterator]();
  while (seen.length < limit) {
    const { value, done } = await iterator.next();
    if (done) break;
    if (ahead) iterator.prefetch();
    // Time for the other thread to write, should it write to the wrong place.
    if (ahead) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(value.images.length).toBe(value.size * value.shape[0] * value.shape[1] * value.shape[2]);
    seen.push({
      indices: Array.from(value.indices),
      labels: Array.from(value.labels),
      sha256: sha256(value.images),
    });
  }
  return seen;
}

const runs: [keyof Golden['runs'], () => Dataset, DataLoaderOptions][] = [
  [
    'augmented',
    () => pictures(stored.gray),
    {
      batchSize: 8,
      shuffle: true,
      transform: T.compose([...augment, T.normalize({ mean: 0.1307, std: 0.3081 })]),
    },
  ],
  [
    'dropLast',
    () => pictures(stored.gray),
    { batchSize: 8, shuffle: true, dropLast: true, transform: T.compose(augment) },
  ],
  [
    'inOrder',
    () => pictures(stored.gray),
    { batchSize: 16, transform: T.normalize({ mean: 0.5, std: 0.25 }) },
  ],
  [
    'colour',
    () => pictures(stored.colour),
    {
      batchSize: 4,
      shuffle: true,
      transform: T.compose([
        T.compose(augment),
        T.normalize({ mean: [0.1, 0.5, 0.7], std: [0.2, 0.3, 0.4] }),
      ]),
    },
  ],
  [
    'floats',
    () => pictures(stored.floats, true),
    {
      batchSize: 4,
      shuffle: true,
      transform: T.compose([T.randomRotation(40), T.normalize({ mean: 0.2, std: 1.7 })]),
    },
  ],
];

const ways = [
  ['in a plain loop', { prefetch: true }, false],
  ['prefetched on another thread', { prefetch: true }, true],
  ['without prefetch', { prefetch: false }, true],
] as const;

for (const [name, dataset, options] of runs)
  test.each(ways)(`${name}: two epochs are PyTorch's bit for bit, %s`, async (_, way, ahead) => {
    const generator = new Generator(7);
    const loader = load(dataset(), { ...options, ...way, generator });
    const { epochs, nextUniform } = stored.runs[name];
    for (const expected of epochs) {
      expect(loader.length).toBe(expected.length);
      expect(await epoch(loader, ahead)).toEqual(expected);
    }
    expect(generator.uniform1(0, 1)).toBe(nextUniform);
  });

test("a user's own functions give the same pixels on the calling thread", async () => {
  const identity = (image: { data: Pixels; width: number; height: number }) => image;
  for (const [name, dataset, options] of runs) {
    const generator = new Generator(7);
    const transform = options.transform ? T.compose([identity, options.transform, identity]) : identity;
    const loader = load(dataset(), { ...options, transform, generator });
    for (const expected of stored.runs[name].epochs) expect(await epoch(loader, true)).toEqual(expected);
    expect(generator.uniform1(0, 1)).toBe(stored.runs[name].nextUniform);
  }
});

test("a user's own data set gives the same pixels", async () => {
  const inner = pictures(stored.gray);
  const own: Dataset = {
    length: inner.length,
    shape: inner.shape,
    classes: inner.classes,
    get: (i) => inner.get(i),
  };
  const loader = load(
    new Subset(
      own,
      Array.from({ length: own.length }, (_, i) => i),
    ),
    {
      ...runs[0][2],
      generator: new Generator(7),
    },
  );
  for (const expected of stored.runs.augmented.epochs) expect(await epoch(loader, true)).toEqual(expected);
});

test('the order of an epoch is that of a shuffling PyTorch loader', async () => {
  for (const { seed, n, batch_size, epochs } of golden<Shuffle[]>('shuffle.json')) {
    const dataset = arrayDataset({ images: new Uint8Array(n), labels: new Uint8Array(n), shape: [1, 1, 1] });
    const loader = load(dataset, { batchSize: batch_size, shuffle: true, generator: new Generator(seed) });
    for (const expected of epochs) {
      const order: number[] = [];
      for await (const { indices } of loader) order.push(...indices);
      expect(order.slice(0, 16)).toEqual(expected.head);
      expect(sha256(BigInt64Array.from(order, BigInt))).toBe(expected.sha256_i64le);
    }
  }
});

test("the notebook's transforms give the oracle's float32 pixels", async () => {
  const generator = new Generator(1);
  const digits = new Subset(
    await mnist({ split: 'train' }),
    Array.from({ length: 16 }, (_, i) => i),
  );
  const loader = load(digits, {
    batchSize: 16,
    transform: T.compose([
      T.randomRotation(10),
      T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }),
      T.normalize({ mean: 0.1307, std: 0.3081 }),
    ]),
    generator,
  });
  const batches = loader[Symbol.asyncIterator]();
  // The oracle called the transforms without a loader, which draws two words when an epoch begins.
  generator.manualSeed(1);
  const { value } = await batches.next();
  const { images } = value!;
  const hashes = Array.from({ length: 16 }, (_, i) => sha256(images.subarray(i * 784, (i + 1) * 784)));
  expect(hashes).toEqual(golden<Augment>('augment.json').pipeline.sha256_f32le_chw);
});

test('an epoch goes on from its state, whatever was drawn ahead, through JSON', async () => {
  const [, dataset, options] = runs[0];
  const expected = [...stored.runs.augmented.epochs[0], ...stored.runs.augmented.epochs[1]];
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5 }),
      fc.boolean(),
      fc.boolean(),
      async (stopAfter, ahead, withFunction) => {
        const transform = withFunction
          ? T.compose([options.transform!, (image: { data: Pixels; width: number; height: number }) => image])
          : options.transform;
        const first = new Generator(7);
        const loader = load(dataset(), { ...options, transform, generator: first });
        const iterator = loader[Symbol.asyncIterator]();
        for (let i = 0; i < stopAfter; i++) await iterator.next();
        if (ahead) iterator.prefetch();
        const saved = JSON.parse(JSON.stringify({ loader: loader.state(), generator: first.state() }));

        const second = new Generator(99);
        const resumed = load(dataset(), { ...options, transform, generator: second });
        second.setState(saved.generator);
        resumed.resume(saved.loader);
        const rest = await epoch(resumed, ahead);
        expect([...rest, ...(await epoch(resumed, ahead))]).toEqual(expected.slice(stopAfter));
        expect(second.uniform1(0, 1)).toBe(stored.runs.augmented.nextUniform);
        await Promise.all([loader.dispose(), resumed.dispose()]);
      },
    ),
    { numRuns: 12 },
  );
});

test('a state can be taken again before a resumed batch was drawn', async () => {
  const [, dataset, options] = runs[0];
  const generator = new Generator(7);
  const loader = load(dataset(), { ...options, generator });
  const iterator = loader[Symbol.asyncIterator]();
  await iterator.next();
  iterator.prefetch();
  const state = loader.state();
  loader.resume(state);
  loader[Symbol.asyncIterator]();
  expect(loader.state()).toEqual(state);
});

test('between epochs there is no state, and resuming from it starts an epoch', async () => {
  const loader = load(pictures(stored.gray), { batchSize: 16 });
  expect(loader.state()).toBeNull();
  await epoch(loader, false);
  expect(loader.state()).toBeNull();
  loader.resume(null);
  expect((await epoch(loader, false)).length).toBe(3);
});

test('after the last batch the state leads to the end of the epoch', async () => {
  const loader = load(pictures(stored.gray), { batchSize: 16 });
  await epoch(loader, false, 3);
  const state = loader.state();
  const other = load(pictures(stored.gray), { batchSize: 16 });
  other.resume(state);
  expect(await epoch(other, false)).toEqual([]);
  expect((await epoch(other, false)).length).toBe(3);
});

test("a sampler's order is taken, and saved with the state", async () => {
  const sampler = [3, 3, 36, 0, 7];
  const loader = load(pictures(stored.gray), { batchSize: 2, sampler });
  expect(loader.length).toBe(3);
  const all = await epoch(loader, true);
  expect(all.map(({ indices }) => indices)).toEqual([[3, 3], [36, 0], [7]]);
  await loader[Symbol.asyncIterator]().next();
  const state = JSON.parse(JSON.stringify(loader.state())) as DataLoaderState;
  const other = load(pictures(stored.gray), { batchSize: 2, sampler: [1, 2, 3, 4, 5] });
  other.resume(state);
  expect(await epoch(other, true)).toEqual(all.slice(1));
});

test.each([
  ['another batch size', { batchSize: 8 }, {}],
  ['another data set', { batchSize: 16, sampler: [1, 2, 3] }, {}],
  ['a batch beyond the end', { batchSize: 16 }, { batches: 9 }],
  ['a broken seed', { batchSize: 16 }, { samplerSeed: 1.5 }],
  ['an order out of range', { batchSize: 16 }, { order: Array(37).fill(37) }],
])('resuming with %s is a CheckpointError', async (_, options, change) => {
  const loader = load(pictures(stored.gray), { batchSize: 16 });
  await loader[Symbol.asyncIterator]().next();
  const state = { ...loader.state()!, ...change };
  expect(() => load(pictures(stored.gray), options).resume(state)).toThrow(CheckpointError);
});

test('two epochs under way at the same time do not disturb each other', async () => {
  const loader = load(pictures(stored.gray), {
    batchSize: 16,
    transform: T.normalize({ mean: 0.5, std: 0.25 }),
  });
  const expected = stored.runs.inOrder.epochs[0];
  const first = loader[Symbol.asyncIterator]();
  const kept = (await first.next()).value!;
  expect(await epoch(loader, true)).toEqual(expected);
  expect(sha256(kept.images)).toBe(expected[0].sha256);
  expect(sha256((await first.next()).value!.images)).toBe(expected[1].sha256);
});

test('calls of next that do not wait are answered in order', async () => {
  const loader = load(pictures(stored.gray), { batchSize: 16 });
  const iterator = loader[Symbol.asyncIterator]();
  const calls = [1, 2, 3, 4].map(() => iterator.next().then(({ value }) => value?.indices[0]));
  expect(await Promise.all(calls)).toEqual([0, 16, 32, undefined]);
});

test('a loop can be left, and the next epoch begins at the start', async () => {
  const [, dataset, options] = runs[0];
  const loader = load(dataset(), { ...options, generator: new Generator(7) });
  const iterator = loader[Symbol.asyncIterator]();
  await iterator.next();
  iterator.prefetch();
  await iterator.return();
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  for await (const batch of loader) {
    expect(batch.size).toBe(8);
    break;
  }
  expect((await epoch(loader, true)).map(({ indices }) => indices.length)).toEqual([8, 8, 8, 8, 5]);
});

test('a loader works on after dispose, even with a batch under way', async () => {
  const [, dataset, options] = runs[0];
  const loader = load(dataset(), { ...options, generator: new Generator(7) });
  const iterator = loader[Symbol.asyncIterator]();
  const seen: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { value } = await iterator.next();
    seen.push(sha256(value!.images));
    iterator.prefetch();
    await loader.dispose();
  }
  expect(seen).toEqual(stored.runs.augmented.epochs[0].map((batch) => batch.sha256));
});

const dataset = () => pictures(stored.gray);
test.each<[string, string, () => unknown]>([
  ['batchSize', 'batch size 0', () => new DataLoader(dataset(), { batchSize: 0 })],
  ['batchSize', 'a negative batch size', () => new DataLoader(dataset(), { batchSize: -1 })],
  ['batchSize', 'a broken batch size', () => new DataLoader(dataset(), { batchSize: 1.5 })],
  [
    'batchSize',
    'a batch above the data set with dropLast',
    () => new DataLoader(dataset(), { batchSize: 38, dropLast: true }),
  ],
  ['shuffle', 'a shuffle that is no boolean', () => new DataLoader(dataset(), { shuffle: 1 as never })],
  ['generator', 'shuffling without a generator', () => new DataLoader(dataset(), { shuffle: true })],
  [
    'generator',
    'a random transform without a generator',
    () => new DataLoader(dataset(), { transform: T.randomRotation(1) }),
  ],
  ['generator', 'a generator that is none', () => new DataLoader(dataset(), { generator: 7 as never })],
  ['dataset', 'a data set that is none', () => new DataLoader([1, 2] as never)],
  ['sampler', 'an empty sampler', () => new DataLoader(dataset(), { sampler: [] })],
  [
    'shuffle',
    'a sampler and shuffle',
    () => new DataLoader(dataset(), { sampler: [1], shuffle: true, generator: new Generator(1) }),
  ],
  [
    'sampler[1]',
    'a sampler out of range',
    () => new DataLoader(dataset(), { sampler: [1, 37] })[Symbol.asyncIterator](),
  ],
  ['transform', 'a transform that is none', () => new DataLoader(dataset(), { transform: {} as never })],
  [
    'mean',
    'three means for one channel',
    () => new DataLoader(dataset(), { transform: T.normalize({ mean: [0, 0, 0], std: 1 }) }),
  ],
  [
    'transform',
    'normalising before moving pixels',
    () =>
      new DataLoader(dataset(), {
        transform: T.compose([T.normalize({ mean: 0, std: 1 }), T.randomRotation(1)]),
        generator: new Generator(1),
      }),
  ],
])('%s: %s is refused', (argument, _, run) => {
  expect(run).toThrow(InvalidArgumentError);
  expect(run).toThrow(`\`${argument}\``);
});

test('an empty data set is refused', () => {
  expect(() => new DataLoader(new Subset(dataset(), []))).toThrow(DataError);
});

test("a user's function gets bytes before normalize, float32 after it, and the loader's generator", async () => {
  const seen: unknown[] = [];
  const generator = new Generator(3);
  const transform = T.compose([
    (image, given) => {
      seen.push(image.data.constructor, given);
      return rotate(image, 90);
    },
    T.normalize({ mean: 0.5, std: 0.5 }),
    (image) => {
      seen.push(image.data.constructor);
      return { ...image, data: Float32Array.from(image.data, (value) => value * 2) };
    },
  ]);
  const square = arrayDataset({ images: Uint8Array.of(0, 51, 102, 255), labels: [0], shape: [2, 2, 1] });
  const { value } = await load(square, { transform, generator })[Symbol.asyncIterator]().next();
  expect(seen).toEqual([Uint8Array, generator, Float32Array]);
  // A quarter turn counter-clockwise: the right column becomes the top row.
  const expected = [51, 255, 0, 102].map(
    (v) => Math.fround(Math.fround(Math.fround(v / 255) - 0.5) / 0.5) * 2,
  );
  expect(Array.from(value!.images)).toEqual(expected.map(Math.fround));
});

test("a user's function that changes the size, or throws, ends the epoch with its error", async () => {
  const shrink = (image: { data: Pixels; width: number; height: number }) => ({
    ...image,
    data: image.data.slice(9),
    height: image.height - 1,
  });
  const iterator = load(dataset(), { transform: shrink })[Symbol.asyncIterator]();
  const error = await failure(() => iterator.next());
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain('expected 9 x 7 x 1, received 9 x 6 x 1');
  const thrower = () => {
    throw new RangeError('mine');
  };
  const throwing = load(dataset(), { transform: thrower })[Symbol.asyncIterator]();
  expect(await failure(() => throwing.next())).toBeInstanceOf(RangeError);
  expect((await throwing.next()).done).toBe(true);
});

test("a user's data set with a wrong image or label is a DataError", async () => {
  const own = (image: Pixels, label: number): Dataset => ({
    length: 1,
    shape: [2, 2, 1],
    classes: ['a', 'b'],
    get: () => ({ image, label }),
  });
  for (const [dataset, message] of [
    [own(new Uint8Array(3), 0), 'Sample 0 of the data set has 3 values, but its shape 2 x 2 x 1 needs 4'],
    [own(new Uint8Array(4), 2), 'has label 2, expected an integer from 0 to 1'],
  ] as const) {
    const error = await failure(() => load(dataset)[Symbol.asyncIterator]().next());
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  }
});
