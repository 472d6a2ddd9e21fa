import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { EngineError, Generator } from '@mnist-kit/core';
import { type ArrayDataset, arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failure, sha256 } from './golden.js';

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
const { Worker: RealWorker } = threads;
let started: Worker[] = [];

// The only sight that a user has of a loader's thread is that it is there.
beforeEach(() => {
  started = [];
  threads.Worker = class extends RealWorker {
    constructor(...args: ConstructorParameters<typeof RealWorker>) {
      super(...args);
      started.push(this);
    }
  };
});

afterEach(async () => {
  threads.Worker = RealWorker;
  await Promise.all(started.map((worker) => worker.terminate()));
});

/** Bright noise, so that every image has pixels above 0. */
function noise(length: number): ArrayDataset {
  const generator = new Generator(5);
  const images = Uint8Array.from({ length: length * 784 }, () => generator.randomUint32() | 1);
  return arrayDataset({ images, labels: new Uint8Array(length), shape: [28, 28, 1] });
}

const transform = T.compose([T.randomRotation(10), T.randomAffine({ degrees: 0, translate: [0.1, 0.1] })]);

function makeLoader(dataset: ArrayDataset, batchSize: number, prefetch = true): DataLoader {
  return new DataLoader(dataset, {
    batchSize,
    shuffle: true,
    transform,
    generator: new Generator(1),
    prefetch,
  });
}

/** Waits until a condition holds, which it must. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('another thread prepares the next batch while the last one is in use', async () => {
  const dataset = noise(64);
  const loader = makeLoader(dataset, 16);
  const plain = makeLoader(dataset, 16, false)[Symbol.asyncIterator]();
  const batches = loader[Symbol.asyncIterator]();
  const first = (await batches.next()).value!;
  expect(started.length).toBe(0);
  const slots = new Float32Array(first.images.buffer);
  const second = slots.subarray(first.images.length, 2 * first.images.length);
  expect(second.every((value) => value === 0)).toBe(true);
  batches.prefetch();
  await until(() => second.subarray(15 * 784).some((value) => value > 0));
  expect(sha256(first.images)).toBe(sha256((await plain.next()).value!.images));
  expect(sha256((await batches.next()).value!.images)).toBe(sha256((await plain.next()).value!.images));
  expect(started.length).toBe(1);
  await loader.dispose();
});

test('a long run on another thread gives the bits of a run without', async () => {
  const dataset = noise(512);
  const loader = makeLoader(dataset, 4);
  const plain = makeLoader(dataset, 4, false)[Symbol.asyncIterator]();
  const batches = loader[Symbol.asyncIterator]();
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    batches.prefetch();
    expect(sha256(next.value.images)).toBe(sha256((await plain.next()).value!.images));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect((await plain.next()).done).toBe(true);
  await loader.dispose();
});

test('without prefetch no thread is started', async () => {
  const batches = makeLoader(noise(8), 2, false)[Symbol.asyncIterator]();
  for (let next = await batches.next(); !next.done; next = await batches.next()) batches.prefetch();
  expect(started.length).toBe(0);
});

test('without shared memory all is done on the calling thread, with the same bits', async () => {
  const expected: string[] = [];
  for await (const { images } of makeLoader(noise(8), 2, false)) expected.push(sha256(images));
  const { SharedArrayBuffer: real } = globalThis;
  try {
    Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
    const batches = makeLoader(noise(8), 2)[Symbol.asyncIterator]();
    for (const hash of expected) {
      const { images } = (await batches.next()).value!;
      batches.prefetch();
      expect(images.buffer).toBeInstanceOf(ArrayBuffer);
      expect(sha256(images)).toBe(hash);
    }
    expect((await batches.next()).done).toBe(true);
  } finally {
    globalThis.SharedArrayBuffer = real;
  }
  expect(started.length).toBe(0);
});

test('a loader without random transforms works ahead by itself', async () => {
  const loader = new DataLoader(noise(8), { batchSize: 2 });
  for await (const batch of loader) expect(batch.size).toBe(2);
  expect(started.length).toBe(1);
  await loader.dispose();
});

test('dispose ends the thread', async () => {
  const loader = makeLoader(noise(8), 2);
  const batches = loader[Symbol.asyncIterator]();
  batches.prefetch();
  const ended = new Promise((resolve) => started[0].on('exit', resolve));
  await loader.dispose();
  await ended;
  expect((await batches.next()).value!.size).toBe(2);
});

test('a thread that died between batches makes the next one fail with an EngineError', async () => {
  const batches = makeLoader(noise(8), 2)[Symbol.asyncIterator]();
  const { images } = (await batches.next()).value!;
  const second = new Float32Array(images.buffer).subarray(images.length);
  batches.prefetch();
  await until(() => second.some((value) => value > 0));
  await started[0].terminate();
  const error = await failure(() => batches.next());
  expect(error).toBeInstanceOf(EngineError);
  expect(error.message).toContain('prefetch: false');
});

test('a thread that died over a batch makes it fail with an EngineError instead of hanging', async () => {
  const loader = makeLoader(noise(30_000), 15_000);
  const batches = loader[Symbol.asyncIterator]();
  const { images } = (await batches.next()).value!;
  const second = new Float32Array(images.buffer).subarray(images.length);
  batches.prefetch();
  await until(() => second.subarray(0, 784).some((value) => value > 0));
  const next = batches.next();
  void started[0].terminate();
  expect(await failure(() => next)).toBeInstanceOf(EngineError);
});

test('a loader that was not disposed of does not keep the process alive', () => {
  const program = `
    import { DataLoader, arrayDataset } from '@mnist-kit/datasets';
    const dataset = arrayDataset({ images: new Uint8Array(64), labels: new Uint8Array(64), shape: [1, 1, 1] });
    const loader = new DataLoader(dataset, { batchSize: 8 });
    for await (const batch of loader) await new Promise((resolve) => setTimeout(resolve, 20));
    const batches = loader[Symbol.asyncIterator]();
    await batches.next();
    batches.prefetch();
    console.log('end');
  `;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stdout.trim()).toBe('end');
  expect(status).toBe(0);
});
