import { gzipSync } from 'node:zlib';
import { DataError } from '@mnist-kit/core';
import { decodeIdx, idxDataset } from '@mnist-kit/datasets';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failure } from './golden.js';

/** An IDX file, byte by byte as its format says. */
function idx(shape: number[], data: ArrayLike<number>, magic = 0x800 + shape.length): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic);
  shape.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return new Uint8Array(Buffer.concat([header, Uint8Array.from(data)]));
}

const images = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const labels = idx([2], [9, 0]);

test('what was written as IDX is read back, from any place of a buffer', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 3 }), (shape, offset) => {
      const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 256);
      const file = idx(shape, data);
      const larger = new Uint8Array(file.length + offset);
      larger.set(file, offset);
      const decoded = decodeIdx(larger.subarray(offset));
      expect(decoded.shape).toEqual(shape);
      expect(Array.from(decoded.data)).toEqual(data);
    }),
  );
});

test('a file that lost or gained a byte is refused, with both sizes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 27 }), (length) => {
      const expected =
        length < 4 ? `received ${length} bytes` : length < 16 ? 'header of 16 bytes' : 'expected 28 bytes';
      expect(() => decodeIdx(images.subarray(0, length))).toThrow(DataError);
      expect(() => decodeIdx(images.subarray(0, length))).toThrow('truncated');
      expect(() => decodeIdx(images.subarray(0, length))).toThrow(expected);
    }),
  );
  expect(() => decodeIdx(Uint8Array.of(...images, 0))).toThrow('oversized');
  expect(() => decodeIdx(Uint8Array.of(...images, 0))).toThrow('expected 28 bytes, received 29 bytes');
});

test('sizes that no memory could hold are refused by the size of the file', () => {
  const huge = idx([0xffffffff, 0xffffffff, 0xffffffff], []);
  expect(() => decodeIdx(huge)).toThrow(DataError);
});

test.each([
  ['floats', idx([1], [0], 0x0d01), '0x00000d01'],
  ['five dimensions', idx([1, 1, 1, 1, 1], [0]), '0x00000805'],
  ['no dimension', idx([], [0]), '0x00000800'],
  ['a web page', new TextEncoder().encode('<html></html>'), 'looks like a web page'],
  ['gzip', new Uint8Array(gzipSync(images)), 'unpack it first'],
])('%s instead of unsigned bytes are refused by their magic number', (_, file, message) => {
  expect(() => decodeIdx(file)).toThrow(DataError);
  expect(() => decodeIdx(file)).toThrow(message);
});

test('images and labels become a data set, plain or gzip', async () => {
  for (const pack of [(file: Uint8Array) => file, (file: Uint8Array) => new Uint8Array(gzipSync(file))]) {
    const dataset = await idxDataset({ images: pack(images), labels: pack(labels) });
    expect(dataset.shape).toEqual([2, 3, 1]);
    expect(dataset.length).toBe(2);
    expect(Array.from(dataset.get(1).image)).toEqual([7, 8, 9, 10, 11, 12]);
    expect([dataset.get(0).label, dataset.get(1).label]).toEqual([9, 0]);
    expect(dataset.classes).toHaveLength(10);
  }
});

const packed = new Uint8Array(gzipSync(images));
const damaged = packed.slice();
damaged[damaged.length - 6] ^= 1;
test.each([
  ['labels where images belong', { images: labels }, 'It holds labels: give the images file here'],
  ['images where labels belong', { labels: images }, 'It holds images: give the labels file here'],
  [
    'another number of labels',
    { labels: idx([3], [0, 1, 2]) },
    'holds 2 images, but The labels file holds 3 labels',
  ],
  ['a label out of range', { labels: idx([2], [1, 10]) }, 'label 1 is 10, expected 0 to 9'],
  ['fewer classes than labels', { classes: ['a', 'b'] }, 'label 0 is 9, expected 0 to 1'],
  ['no image', { images: idx([0, 2, 3], []), labels: idx([0], []) }, 'is empty: its header says 0 x 2 x 3'],
  ['images without pixels', { images: idx([2, 0, 3], []) }, 'is empty: its header says 2 x 0 x 3'],
  ['gzip cut off', { images: packed.subarray(0, -9) }, 'cannot be unpacked'],
  ['gzip with a wrong sum', { images: damaged }, 'cannot be unpacked'],
  ['gzip with something behind it', { images: Uint8Array.of(...packed, 1, 2, 3) }, 'cannot be unpacked'],
])('%s: a DataError', async (_, change, message) => {
  const error = await failure(() => idxDataset({ images, labels, ...change }));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain(message);
});
