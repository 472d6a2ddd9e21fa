import type { Worker } from 'node:worker_threads';
import { availableParallelism, startWorker, type WorkerHandle } from '@mnist-kit/core';
import { expect, test } from 'vitest';

const nextMessage = (worker: WorkerHandle): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.onMessage(resolve);
    worker.onError(reject);
  });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const nextError = (worker: WorkerHandle): Promise<Error> => new Promise((resolve) => worker.onError(resolve));

test('a worker answers a message with the data it was given', async () => {
  const worker = startWorker(
    (scope) => scope.onMessage((n) => scope.postMessage((n as number) * scope.workerData.factor)),
    { factor: 2 },
  );
  const answer = nextMessage(worker);
  worker.postMessage(21);
  expect(await answer).toBe(42);
  await worker.terminate();
});

test('a message that comes before the listener is kept for it', async () => {
  const worker = startWorker((scope) => {
    setTimeout(() => scope.onMessage((message) => scope.postMessage(message)), 20);
  }, null);
  const answer = nextMessage(worker);
  worker.postMessage('early');
  expect(await answer).toBe('early');
  await worker.terminate();
});

test('a shared buffer is shared and a transferred one moves', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const worker = startWorker((scope) => {
    scope.onMessage((message) => {
      scope.workerData[0] = 7;
      const moved = message as Float32Array<ArrayBuffer>;
      moved[0] += 1;
      scope.postMessage(moved, [moved.buffer]);
    });
  }, shared);
  const answer = nextMessage(worker);
  const moved = new Float32Array([1]);
  worker.postMessage(moved, [moved.buffer]);
  expect(moved.length).toBe(0);
  expect(await answer).toEqual(new Float32Array([2]));
  expect(shared[0]).toBe(7);
  await worker.terminate();
});

test('an exception in a worker reaches its error listener, also one added later', async () => {
  const worker = startWorker(() => {
    throw new RangeError('lost');
  }, null);
  expect(await nextError(worker)).toMatchObject({ name: 'RangeError', message: 'lost' });
  expect(await nextError(worker)).toMatchObject({ message: 'lost' });
  await worker.terminate();
});

test('an exit that nobody asked for is an error, terminate is none', async () => {
  const dying = startWorker(() => process.exit(3), null);
  expect(await nextError(dying)).toMatchObject({
    name: 'EngineError',
    message: 'A worker thread ended with exit code 3.',
  });
  const ended = startWorker((scope) => scope.onMessage(() => {}), null);
  let error: Error | undefined;
  ended.onError((caught) => {
    error = caught;
  });
  await ended.terminate();
  expect(error).toBeUndefined();
});

test('data that cannot be cloned is refused at once', () => {
  expect(() => startWorker(() => {}, { fn: () => {} })).toThrow(/could not be cloned/);
});

test('options that do not exist, and a file that is no function, are refused', () => {
  expect(() => startWorker(() => {}, null, { module: () => {} } as object)).toThrow(
    '`module` is not an option of startWorker, which has file',
  );
  expect(() => startWorker(() => {}, null, { file: './x.js' as never })).toThrow(
    '`file` must be a function that starts a Worker. Received: file="./x.js"',
  );
});

test('there is at least one core', () => {
  expect(availableParallelism()).toBeGreaterThanOrEqual(1);
  expect(Number.isInteger(availableParallelism())).toBe(true);
});

test('a thread that blocks learns that its worker is gone', async () => {
  const handles: Worker[] = [];
  const collect = (handle: Worker) => handles.push(handle);
  process.on('worker', collect);
  const worker = startWorker((scope) => {
    scope.onMessage(() => {});
    scope.postMessage('ready');
  }, null);
  await nextTurn();
  process.off('worker', collect);
  await nextMessage(worker);
  expect(worker.isRunning()).toBe(true);

  void handles[0].terminate();
  // No turn of the event loop from here on.
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let naps = 0; worker.isRunning() && naps < 1000; naps++) Atomics.wait(never, 0, 0, 10);
  expect(worker.isRunning()).toBe(false);
  await nextError(worker);
  expect(worker.isRunning()).toBe(false);
});
