import { DataError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  affine,
  arrayDataset,
  DataLoader,
  type Dataset,
  decodeIdx,
  fashionMnist,
  idxDataset,
  mnist,
  rotate,
  transforms as T,
} from '@mnist-kit/datasets';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';

const bytes = Uint8Array.of(0, 51, 102, 153, 204, 255, 0, 255);
const shape = [2, 2, 1];

/** The first batch of a loader of whole batches, copied. */
async function firstBatch(dataset: Dataset, transform = T.normalize({ mean: 0, std: 1 })) {
  const loader = new DataLoader(dataset, { batchSize: dataset.length, transform });
  for await (const { images, labels } of loader) {
    const copy = { images: [...images], labels: [...labels] };
    await loader.dispose();
    return copy;
  }
  throw new Error('no batch');
}

/** A data set of one's own, which gives whatever it is given. */
const own = (image: unknown, label: unknown): Dataset => ({
  length: 1,
  shape: [2, 2, 1],
  classes: ['a', 'b'],
  get: () => ({ image, label }) as ReturnType<Dataset['get']>,
});

describe('what means one thing only is taken', () => {
  test("a canvas's clamped bytes, as the same bytes", async () => {
    const clamped = new Uint8ClampedArray(bytes);
    const expected = await firstBatch(arrayDataset({ images: bytes, labels: [0, 1], shape }));
    expect(await firstBatch(arrayDataset({ images: clamped, labels: [0, 1], shape }))).toEqual(expected);
    expect((await firstBatch(own(clamped.subarray(0, 4), 1))).images).toEqual(expected.images.slice(0, 4));
  });

  test('four channels of a canvas, a view into a larger buffer', async () => {
    const view = new Uint8ClampedArray(bytes.buffer.slice(0), 4, 4);
    const { images } = await firstBatch(arrayDataset({ images: view, labels: [0], shape: [1, 1, 4] }));
    expect(images).toEqual([204 / 255, 1, 0, 1].map(Math.fround));
  });

  test('labels as 64-bit integers', async () => {
    for (const labels of [BigInt64Array.of(2n, 0n), BigUint64Array.of(2n, 0n), [2n, 0n]]) {
      const dataset = arrayDataset({ images: bytes, labels, shape });
      expect(dataset.classes).toEqual(['0', '1', '2']);
      expect((await firstBatch(dataset)).labels).toEqual([2, 0]);
    }
    expect((await firstBatch(own(bytes.subarray(0, 4), 1n))).labels).toEqual([1]);
  });

  test('labels as floats that are whole numbers', () => {
    expect(arrayDataset({ images: bytes, labels: Float32Array.of(1, 0), shape }).labels).toEqual(
      Int32Array.of(1, 0),
    );
  });
});

const data = (change: Record<string, unknown>) => () =>
  arrayDataset({ images: bytes, labels: [0, 1], shape, ...change } as never);

test.each<[string, () => unknown, typeof InvalidArgumentError | typeof DataError, string]>([
  [
    'one-hot labels in one array',
    data({ labels: [1, 0, 0, 0, 0, 1] }),
    InvalidArgumentError,
    '`labels` must be 2 class indices, one for each image; of one-hot rows take the position of the 1. Received: labels="6 values, which look like 2 one-hot rows of 3"',
  ],
  ['one-hot labels as rows', data({ labels: [[1, 0], [0, 1]] }), DataError, 'Label 0 is [1, 0], but'], // biome-ignore format: rows
  [
    'one-hot labels as rows',
    data({ labels: [[1, 0], [0, 1]] }), // biome-ignore format: rows
    DataError,
    'Of a one-hot row take the position of the 1: row.indexOf(1).',
  ],
  [
    'names as labels',
    data({ labels: ['cat', 'dog'] }),
    DataError,
    'Give the position of the name in `classes`.',
  ],
  [
    'labels between two classes',
    data({ labels: [0, 0.5] }),
    DataError,
    'Label 1 is 0.5, but there are 1 classes',
  ],
  ['a label that is NaN', data({ labels: [0, Number.NaN] }), DataError, 'Label 1 is NaN'],
  ['a label below 0', data({ labels: [0, -1] }), DataError, 'Label 1 is -1'],
  [
    'a label beyond the classes',
    data({ labels: BigInt64Array.of(0n, 2n), classes: ['a', 'b'] }),
    DataError,
    'Label 1 is 2, but there are 2 classes: labels must be integers from 0 to 1.',
  ],
  [
    'a label beyond 2^53',
    data({ labels: [0n, 2n ** 70n], classes: ['a', 'b'] }),
    DataError,
    'Label 1 is 1180591620717411303424, but',
  ],
  [
    'labels as a tensor',
    data({ labels: tf.tensor1d([0, 1], 'int32') }),
    InvalidArgumentError,
    'of a tensor give `await tensor.data()`',
  ],
  [
    'no labels',
    data({ labels: undefined }),
    InvalidArgumentError,
    '`labels` must be an array of class indices',
  ],
  ['a number of classes', data({ classes: 2 }), InvalidArgumentError, '`classes` must be an array of names'],
  [
    'numbers in an array',
    data({ images: [...bytes] }),
    InvalidArgumentError,
    'give `Uint8Array.from(values)` for bytes, or `Float32Array.from(values)`',
  ],
  ['nested rows', data({ images: [[[0, 1], [2, 3]]] }), InvalidArgumentError, 'flatten nested arrays'], // biome-ignore format: rows
  [
    '64-bit floats',
    data({ images: Float64Array.from(bytes) }),
    InvalidArgumentError,
    '`Float32Array.from(values)` for values to take as they are',
  ],
  [
    '32-bit integers',
    data({ images: Int32Array.from(bytes) }),
    InvalidArgumentError,
    'must be a Uint8Array or a Float32Array',
  ],
  [
    'an ArrayBuffer',
    data({ images: bytes.buffer }),
    InvalidArgumentError,
    'of a buffer give `new Uint8Array(buffer)`',
  ],
  [
    'an ImageData',
    data({ images: { data: new Uint8ClampedArray(16), width: 2, height: 2 } }),
    InvalidArgumentError,
    'of an ImageData give its `data`',
  ],
  [
    'a tensor',
    data({ images: tf.zeros([2, 2, 2, 1]) }),
    InvalidArgumentError,
    'of a tensor give `await tensor.data()`',
  ],
  [
    'a canvas under a grey shape',
    data({ images: new Uint8ClampedArray(2 * 16) }),
    InvalidArgumentError,
    'must hold 2 (labels) x 2 x 2 x 1 = 8 values; these have 4 channels, shape: [2, 2, 4]',
  ],
  [
    'nothing at all',
    () => arrayDataset(undefined as never),
    InvalidArgumentError,
    '`shape` must be [height, width, channels]',
  ],
])('%s: refused, and the message says what would be right', (_, make, kind, message) => {
  expect(make).toThrow(kind);
  expect(make).toThrow(message);
});

test.each<[string, unknown, unknown, string]>([
  ['an array of numbers', [0, 1, 2, 3], 0, '`image of sample 0` must be a Uint8Array or a Float32Array'],
  ['64-bit floats', new Float64Array(4), 0, '`image of sample 0` must be a Uint8Array or a Float32Array'],
  [
    'a one-hot label',
    bytes.subarray(0, 4),
    [0, 1],
    'has label [0, 1], expected an integer from 0 to 1. Of a one-hot row take',
  ],
  ['a label out of range', bytes.subarray(0, 4), 2, 'has label 2, expected an integer from 0 to 1.'],
])('a data set of your own that gives %s', async (_, image, label, message) => {
  await expect(firstBatch(own(image, label))).rejects.toThrow(message);
});

test('images that are moved one by one are bytes or float32', () => {
  const image = { data: new Uint8ClampedArray(4), width: 2, height: 2 };
  expect(() => rotate(image as never, 10)).toThrow('of a canvas give `new Uint8Array(data.buffer)`');
});

test('files that came as a buffer', async () => {
  expect(() => decodeIdx(new ArrayBuffer(16) as never)).toThrow(
    "`bytes` must be the file's bytes, a Uint8Array; of a buffer give",
  );
  const attempt = idxDataset({ images: new ArrayBuffer(16) as never, labels: bytes });
  await expect(attempt).rejects.toThrow(InvalidArgumentError);
  await expect(idxDataset(undefined as never)).rejects.toThrow('`images` must be the file');
});

describe('a misspelt option is refused with the one that was meant', () => {
  const dataset = arrayDataset({ images: bytes, labels: [0, 1], shape });
  const image = { data: new Uint8Array(4), width: 2, height: 2 };
  type Call = (options: Record<string, unknown>) => unknown;

  test.each<[string, Record<string, unknown>, string, Call]>([
    ['arrayDataset', { images: bytes, label: [0, 1], shape }, 'labels', (o) => arrayDataset(o as never)],
    ['DataLoader', { batch_size: 2 }, 'batchSize', (o) => new DataLoader(dataset, o)],
    ['DataLoader', { droplast: true }, 'dropLast', (o) => new DataLoader(dataset, o)],
    ['mnist', { split: 'train', cache_dir: '/tmp' }, 'cacheDir', (o) => mnist(o as never)],
    ['fashionMnist', { split: 'test', dowload: false }, 'download', (o) => fashionMnist(o as never)],
    ['download', { attemps: 2 }, 'attempts', (o) => mnist({ split: 'test', download: o })],
    ['idxDataset', { images: bytes, labels: bytes, clases: [] }, 'classes', (o) => idxDataset(o as never)],
    ['decodeIdx', { dimension: 1 }, 'dimensions', (o) => decodeIdx(bytes, o)],
    ['normalize', { mean: 0, sdt: 1 }, 'std', (o) => T.normalize(o as never)],
    ['randomAffine', { degrees: 0, translation: [0.1, 0.1] }, 'translate', (o) => T.randomAffine(o as never)],
    ['affine', { angel: 10 }, 'angle', (o) => affine(image, o)],
  ])('%s: %o', async (owner, options, meant, call) => {
    const attempt = async () => call(options);
    await expect(attempt()).rejects.toThrow(InvalidArgumentError);
    await expect(attempt()).rejects.toThrow(`is not an option of ${owner} (did you mean \`${meant}\`?)`);
  });

  test("PyTorch's options that do not exist here are refused with those that do", () => {
    expect(() => new DataLoader(dataset, { numWorkers: 4 } as never)).toThrow(
      '`numWorkers` is not an option of DataLoader, which has batchSize, shuffle, dropLast, transform, generator, prefetch, sampler',
    );
  });

  test('a loader that extends has options of its own', () => {
    class Repeating extends DataLoader {
      readonly times: number;
      constructor(dataset: Dataset, options: { batchSize: number; generator: Generator; times: number }) {
        super(dataset, options);
        this.times = options.times;
      }
    }
    expect(new Repeating(dataset, { batchSize: 2, generator: new Generator(1), times: 3 }).times).toBe(3);
  });
});
