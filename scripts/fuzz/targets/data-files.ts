import { gzipSync } from 'node:zlib';
import { decodeIdx, idxDataset } from '@mnist-kit/datasets';
import { law, readEach, type Target } from '../target.js';

function idx(...shape: number[]): Uint8Array {
  const length = shape.reduce((product, size) => product * size, 1);
  const out = new Uint8Array(4 + 4 * shape.length + length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x800 + shape.length);
  for (const [i, size] of shape.entries()) view.setUint32(4 + 4 * i, size);
  for (let i = 0; i < length; i++) out[out.length - length + i] = i % 10;
  return out;
}

const images = idx(2, 3, 3);
const labels = idx(2);
const tokens = [
  '\0\0\x08\x01',
  '\0\0\x08\x03',
  '\0\0\0\x02',
  '\x1f\x8b\x08\0',
  '\xff\xff\xff\xff',
  '\0\0\0\0',
  '<html>',
];

export const idxFile: Target = {
  name: 'idx',
  seeds: () => [images, labels, idx(5), idx(0), idx(2, 2), idx(1, 2, 3, 4), idx(7, 1, 1)],
  tokens,
  run(input) {
    const { shape, data } = decodeIdx(input);
    const length = shape.reduce((product, size) => product * size, 1);
    law(length === data.length, `shape ${shape} with ${data.length} values`);
    const again = idx(...shape);
    again.set(data, again.length - length);
    law(Buffer.compare(again, input) === 0, 'the bytes are not those that the shape and the values make');
  },
};

/** Files of images and of labels, packed and not. */
export const gzipFile: Target = {
  name: 'idx-gzip',
  seeds: () => [
    ...[images, labels].flatMap((file) => [file, gzip(file), gzip(file, 0), gzip(file, 9)]),
    ...[gzip(new Uint8Array(100_000)), gzip(new Uint8Array(0)), gzip(idx(2, 300, 300))],
    new Uint8Array(Buffer.concat([gzip(images.subarray(0, 20)), gzip(images.subarray(20))])),
  ],
  tokens: [...tokens, '\x1f\x8b\x08\x08\0\0\0\0\0\x03a\0', '\x03\0', '\0\0\xff\xff'],
  run: (input) =>
    readEach(
      async () => checkLength(await idxDataset({ images: input, labels })),
      async () => checkLength(await idxDataset({ images, labels: input })),
    ),
};

function checkLength({ length }: { length: number }): void {
  law(length === 2, `${length} samples of 2 labels or images`);
}

function gzip(bytes: Uint8Array, level?: number): Uint8Array {
  return new Uint8Array(gzipSync(bytes, { level }));
}
