import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync } from 'node:fs';
import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DataError } from '@mnist-kit/core';
import { decodeIdx, idxDataset, mnist } from '@mnist-kit/datasets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gzipBomb, idxFile } from './files.js';
import { failure } from './golden.js';

const imagesName = 't10k-images-idx3-ubyte';
const labelsName = 't10k-labels-idx1-ubyte';
const images = idxFile([100, 28, 28], Buffer.alloc(78_400, 7));
const labels = idxFile([100], Buffer.alloc(100, 3));
const MiB = 2 ** 20;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mnist-kit-hostile-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const load = () => mnist({ split: 'test', root, verify: false });

async function refusal(run: () => unknown): Promise<string> {
  const error = await failure(run);
  expect(error).toBeInstanceOf(DataError);
  return error.message;
}

describe('what a gzip file holds is unpacked in bounded steps', () => {
  const Real = globalThis.DecompressionStream;
  let unpacked = 0;
  beforeEach(() => {
    unpacked = 0;
    globalThis.DecompressionStream = class {
      readonly readable: ReadableStream;
      readonly writable: WritableStream;
      constructor(format: 'gzip') {
        const real = new Real(format);
        this.writable = real.writable;
        const counter = new TransformStream<Uint8Array, Uint8Array>({
          transform(piece, controller) {
            unpacked += piece.length;
            controller.enqueue(piece);
          },
        });
        this.readable = (real.readable as ReadableStream<Uint8Array>).pipeThrough(counter);
      }
    } as typeof Real;
  });
  afterEach(() => {
    globalThis.DecompressionStream = Real;
  });

  const count = (n: number) => idxFile([n], Buffer.alloc(n));
  const head = (n: number) => idxFile([n, 28, 28], Buffer.alloc(0));

  test.each<[string, () => Uint8Array, Uint8Array, string, number]>([
    ['gigabytes behind no header', () => gzipBomb(Buffer.alloc(16), 50), labels, 'not the IDX file', MiB],
    ['gigabytes as promised', () => gzipBomb(head(4_081_632), 50), count(4_081_632), 'claims to hold', MiB],
    [
      'gigabytes where the labels are a hundred',
      () => gzipBomb(head(60_000), 50),
      labels,
      '60000 images',
      MiB,
    ],
    ['much more than it could', () => gzipBomb(head(120_000), 1), count(120_000), 'claims to hold', MiB],
    [
      'gigabytes behind what is promised',
      () => gzipBomb(head(60_000), 50),
      count(60_000),
      'expected 47040016 unpacked bytes, received more',
      46 * MiB,
    ],
    [
      'less than promised',
      () => gzipSync(idxFile([60_000, 28, 28], Buffer.alloc(47_039_999))),
      count(60_000),
      'expected 47040016 unpacked bytes, received 47040015 bytes',
      46 * MiB,
    ],
    [
      'nothing, but zeros behind its end',
      () => Buffer.concat([gzipSync(images), Buffer.alloc(2 * MiB)]),
      labels,
      'oversized',
      MiB,
    ],
    [
      'nothing behind a name of three megabytes',
      () => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(3 * MiB, 'a')]),
      labels,
      'its first 1048576 bytes of gzip are damaged or hold too little',
      0,
    ],
    [
      'nothing in a hundred thousand members',
      () => Buffer.concat(Array<Buffer>(100_000).fill(gzipSync(''))),
      labels,
      'hold too little',
      0,
    ],
    ['an empty file', () => gzipSync(''), labels, 'truncated', 0],
    ['a gzip file', () => gzipSync(gzipSync(images)), labels, 'It is compressed', MiB],
  ])('%s', async (_, make, theirs, message, most) => {
    const bytes = new Uint8Array(make());
    expect(await refusal(() => idxDataset({ images: bytes, labels: theirs }))).toContain(message);
    expect(unpacked).toBeLessThanOrEqual(most);
  });

  test('the labels of a data set likewise', async () => {
    const bytes = new Uint8Array(gzipBomb(labels, 10));
    expect(await refusal(() => idxDataset({ images, labels: bytes }))).toContain('received more');
    expect(unpacked).toBeLessThanOrEqual(MiB);
  });

  test('a file of several members is one file, as gunzip has it', async () => {
    const parts = [images.subarray(0, 7), images.subarray(7, 999), images.subarray(999)];
    const bytes = Buffer.concat(parts.map((part) => gzipSync(part)));
    const dataset = await idxDataset({ images: bytes, labels });
    expect(Buffer.from(dataset.images).equals(images.subarray(16))).toBe(true);
  });
});

test('a bomb in root takes no more than 64 MiB beyond its size', async () => {
  const bomb = gzipBomb(idxFile([60_000, 28, 28], Buffer.alloc(0)), 50);
  await writeFile(join(root, `${imagesName}.gz`), bomb);
  await writeFile(join(root, labelsName), idxFile([60_000], Buffer.alloc(60_000)));
  const program = `
    import { mnist } from '@mnist-kit/datasets';
    await mnist({ split: 'test', root: process.argv[1] }).catch(() => {});
    const before = process.resourceUsage().maxRSS;
    const error = await mnist({ split: 'test', root: process.argv[1], verify: false }).catch((error) => error);
    console.log(JSON.stringify([error.name, error.message, process.resourceUsage().maxRSS - before]));
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program, root], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    timeout: 60_000,
  });
  const [name, message, kibibytes] = JSON.parse(stdout) as [string, string, number];
  expect([name, message.includes('received more')]).toEqual(['DataError', true]);
  expect(kibibytes * 1024).toBeLessThan(bomb.length + 64 * MiB);
});

describe('headers that promise what cannot be', () => {
  const header = (...shape: number[]) => idxFile(shape, Buffer.alloc(0));
  test.each([
    ['the largest sizes', header(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1)],
    ['sizes whose product is 0 in 32 bits', header(2 ** 16, 2 ** 16, 1)],
    ['sizes whose product is 0 in 64 bits', header(2 ** 31, 2 ** 31, 4)],
    [
      'sizes whose product is the number of bytes in 32 bits',
      Buffer.concat([header(2 ** 16 + 1, 2 ** 16), Buffer.alloc(2 ** 16)]),
    ],
  ])('%s', (_, file) => {
    expect(() => decodeIdx(file)).toThrow(DataError);
    expect(() => decodeIdx(file)).toThrow('truncated');
  });

  test('no image of a huge size', async () => {
    const message = await refusal(() =>
      idxDataset({ images: header(0, 2 ** 32 - 1, 2 ** 32 - 1), labels: header(0) }),
    );
    expect(message).toContain('is empty');
  });
});

describe.skipIf(process.platform === 'win32')(
  'what is no plain file is refused, and nobody waits for it',
  () => {
    test.each<[string, string, (path: string) => unknown]>([
      ['a pipe', 'it is a pipe', (path) => execFileSync('mkfifo', [path])],
      [
        'a socket',
        'it is a socket',
        (path) =>
          new Promise((resolve) => {
            const server = createServer().listen(path, () => resolve(server.unref()));
          }),
      ],
      ['a folder', 'it is a folder', (path) => mkdirSync(path)],
      ['/dev/zero', 'it is a device', (path) => symlink('/dev/zero', path)],
      ['/dev/full', 'it is a device', (path) => symlink('/dev/full', path)],
      ['a link to itself', 'symbolic link', (path) => symlink(labelsName, path)],
    ])('%s', async (_, message, make) => {
      await writeFile(join(root, imagesName), images);
      await make(join(root, labelsName));
      const received = await refusal(load);
      expect(received).toContain(`${join(root, labelsName)} cannot be read: `);
      expect(received).toContain(message);
    });

    test.each([
      [
        imagesName,
        images,
        'its header says 100 x 28 x 28, so expected 78416 bytes, received 100000000000 bytes',
      ],
      [`${imagesName}.gz`, gzipSync(images), 'do not make 100000000000 bytes of gzip'],
    ])('a %s of a hundred gigabytes', async (name, data, message) => {
      await writeFile(join(root, name), data);
      truncateSync(join(root, name), 100e9);
      await writeFile(join(root, labelsName), labels);
      expect(await refusal(load)).toContain(message);
    });
  },
);

describe('a file that is changed while it is read is refused', () => {
  let handles: FileHandle;
  let read: FileHandle['read'];
  beforeEach(async () => {
    const file = await open(fileURLToPath(import.meta.url));
    handles = Object.getPrototypeOf(file) as FileHandle;
    read = handles.read;
    await file.close();
  });
  afterEach(() => {
    handles.read = read;
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['grows', (path) => appendFile(path, 'x')],
    ['shrinks', (path) => truncate(path, 5000)],
    ['is written anew', (path) => writeFile(path, idxFile([100, 28, 28], Buffer.alloc(78_400, 8)))],
  ])('it %s', async (_, change) => {
    await writeFile(join(root, imagesName), images);
    await writeFile(join(root, labelsName), labels);
    let reads = 0;
    handles.read = async function (this: FileHandle, ...args: unknown[]) {
      // Two headers come first.
      if (++reads === 3) await change(join(root, imagesName));
      return Reflect.apply(read, this, args);
    } as FileHandle['read'];
    expect(await refusal(load)).toContain(`${join(root, imagesName)} was changed while it was read`);
  });
});

test("the caller's bytes may change as soon as the call has returned", async () => {
  for (const pack of [
    (file: Uint8Array) => Uint8Array.from(file),
    (file: Uint8Array) => new Uint8Array(gzipSync(file)),
  ]) {
    const given = { images: pack(images), labels: pack(labels) };
    const loading = idxDataset(given);
    given.images.fill(0);
    given.labels.fill(0);
    const dataset = await loading;
    expect(dataset.images.every((pixel) => pixel === 7) && dataset.labels.every((label) => label === 3)).toBe(
      true,
    );
  }
});
