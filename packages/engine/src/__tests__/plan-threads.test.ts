import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { EngineError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import { createExecutor, type Executor, type ExecutorOptions, type StepTarget } from '@mnist-kit/engine';
import { optimizedNet } from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { crossEntropy, noise } from './eager-golden.js';

const PIXELS = 28 * 28;
const model = optimizedNet({ generator: new Generator(1) });
const images = noise(80 * PIXELS, 7);
const labels = Array.from({ length: 80 }, (_, i) => (i * 7) % 10);

const make = (options: ExecutorOptions) => createExecutor(model, { engine: 'plan', ...options });

/** One training step with masks of its own, and an update as plain as can be. */
async function step(executor: Executor, size: number, seed = 1, target?: StepTarget): Promise<void> {
  executor.drawMasks(size, new Generator(seed));
  await executor.trainStep(images, size, target ?? crossEntropy(labels.slice(0, size)));
  for (const { value, gradient } of executor.parameters)
    for (let i = 0; i < value.length; i++) value[i] -= 0.01 * gradient[i];
  await executor.parametersChanged();
}

/** An executor and the threads that it started. */
async function makeWatched(threads: number): Promise<{ executor: Executor; workers: Worker[] }> {
  const workers: Worker[] = [];
  const collect = (worker: Worker) => workers.push(worker);
  process.on('worker', collect);
  try {
    return { executor: await make({ threads, batchSize: 16 }), workers };
  } finally {
    process.off('worker', collect);
  }
}

const exitOf = (worker: Worker) => new Promise((resolve) => worker.once('exit', resolve));

/** Runs a program of `processes/`, which has ended when this returns. */
async function run(program: string): Promise<string> {
  const path = fileURLToPath(new URL(`./processes/${program}`, import.meta.url));
  return (await promisify(execFile)(process.execPath, [path], { timeout: 50_000 })).stdout;
}

test('an executor has one thread less than asked for beside the calling one', async () => {
  const { executor, workers } = await makeWatched(3);
  expect(workers).toHaveLength(2);
  expect(executor.description).toBe('plan, WebAssembly SIMD, 3 threads');
  await executor.dispose();
});

test('a worker that died between two steps makes the next one an EngineError, and dispose still works', async () => {
  const { executor, workers } = await makeWatched(3);
  await step(executor, 16);
  await workers[1].terminate();
  await expect(step(executor, 16, 2)).rejects.toThrow(EngineError);
  await expect(step(executor, 16, 2)).rejects.toThrow(/thread of the plan died.*make a new executor/s);
  expect(() => executor.predict(images, 16)).toThrow(EngineError);
  await executor.dispose();
});

test('a worker that dies while the step begins is missed although the event loop never turns', async () => {
  const { executor, workers } = await makeWatched(3);
  await step(executor, 16);
  executor.drawMasks(16, new Generator(2));
  void workers[0].terminate();
  expect(() => executor.trainStep(images, 16, crossEntropy(labels.slice(0, 16)))).toThrow(EngineError);
  await executor.dispose();
});

test('a worker that dies between forward and backward is missed, and the others end as well', async () => {
  const { executor, workers } = await makeWatched(4);
  await step(executor, 16);
  const exits = workers.map(exitOf);
  const loss = (outputs: tf.Tensor2D) => {
    void workers[2].terminate();
    return tf.neg(tf.mean(outputs)) as tf.Scalar;
  };
  await expect(step(executor, 16, 2, { kind: 'function', loss })).rejects.toThrow(EngineError);
  // Nobody disposed of them: they gave up by themselves.
  await Promise.all(exits);
  await executor.dispose();
});

test('dispose ends the threads, also when one is dead already, and may be called again', async () => {
  const { executor, workers } = await makeWatched(3);
  const exits = workers.map(exitOf);
  void workers[0].terminate();
  await Promise.all([executor.dispose(), executor.dispose()]);
  await executor.dispose();
  await Promise.all(exits);
});

test('every call after dispose is an EngineError', async () => {
  const executor = await make({ threads: 2, batchSize: 16 });
  const [parameter] = executor.parameters;
  const weights = await executor.readWeights();
  await executor.dispose();
  const calls: (() => unknown)[] = [
    () => executor.drawMasks(16, new Generator(1)),
    () => executor.trainStep(images, 16, crossEntropy(labels.slice(0, 16))),
    () => executor.trainStep(images, 80, crossEntropy(labels)),
    () => executor.predict(images, 16),
    () => executor.parametersChanged(),
    () => executor.readWeights(),
    () => executor.writeWeights(weights),
    () => executor.syncModel(),
    () => parameter.value,
    () => parameter.gradient,
  ];
  for (const call of calls) expect(call, call.toString()).toThrow(EngineError);
});

test('a process that trains and never disposes of the executor ends by itself', async () => {
  expect(await run('train-and-leave.mjs')).toBe('trained\n');
});

test('threads without work leave the processor alone', async () => {
  // Of a thousand milliseconds; one thread that spins would take them all.
  expect(JSON.parse(await run('idle.mjs'))).toBeLessThan(100);
});

test('memory of executors goes back when they are disposed of, round after round', async () => {
  const rounds: { full: number; empty: number }[] = JSON.parse(await run('many.mjs'));
  expect(rounds).toHaveLength(6);
  // The first rounds fill what the runtime keeps for itself: stacks, compiled code.
  const [, , , early, , late] = rounds;
  const taken = late.full - late.empty;
  expect(taken).toBeGreaterThan(20);
  expect(late.empty - early.empty).toBeLessThan(taken / 4);
});

test('executors that are forgotten give their memory and threads back, without a call for it', async () => {
  const { start, full, forgotten } = JSON.parse(await run('forget.mjs'));
  // Thirty-two that nobody gives back take four times what eight do.
  const eight = full.megabytes - start.megabytes;
  expect(eight).toBeGreaterThan(20);
  expect(forgotten.megabytes - start.megabytes).toBeLessThan(2 * eight);
  expect(forgotten.threads - start.threads).toBeLessThan(2 * 16);
});

test('twenty executors that take turns do not disturb each other', async () => {
  const alone = await make({ threads: 2, batchSize: 16 });
  for (let i = 0; i < 3; i++) await step(alone, 16, i);
  const expected = await alone.readWeights();
  await alone.dispose();

  const tensors = tf.memory().numTensors;
  const executors = await Promise.all(
    Array.from({ length: 20 }, (_, i) => make({ threads: (i % 3) + 1, batchSize: 16 })),
  );
  for (let i = 0; i < 3; i++) for (const executor of executors) await step(executor, 16, i);
  for (const executor of executors) {
    expect(await executor.readWeights()).toEqual(expected);
    await executor.dispose();
  }
  expect(tf.memory().numTensors).toBe(tensors);
});

test('a batch above batchSize makes room for itself and changes no bit', async () => {
  const roomy = await make({ threads: 2, batchSize: 80 });
  const growing = await make({ threads: 2, batchSize: 8 });
  const kernel = growing.parameters[0];
  for (const [i, size] of [8, 20, 5, 80, 80, 3].entries()) {
    await step(roomy, size, i);
    await step(growing, size, i);
    expect(kernel.value).toEqual(roomy.parameters[0].value);
  }
  expect(await growing.readWeights()).toEqual(await roomy.readWeights());
  await roomy.dispose();
  await growing.dispose();
});

test('predictions of more images than there is room for are those of the slices', async () => {
  const small = await make({ threads: 2, batchSize: 16 });
  const large = await make({ threads: 3, batchSize: 80 });
  for (const executor of [small, large]) await step(executor, 16);
  const all = new Float32Array(await small.predict(images, 80));
  expect(new Float32Array(await large.predict(images, 80))).toEqual(all);
  for (const [first, size] of [
    [0, 16],
    [16, 7],
    [23, 57],
  ]) {
    const slice = images.subarray(first * PIXELS, (first + size) * PIXELS);
    expect(new Float32Array(await small.predict(slice, size))).toEqual(
      all.subarray(first * 10, (first + size) * 10),
    );
  }
  // Predictions between two steps leave no trace in the training.
  await step(small, 16, 2);
  await step(large, 16, 2);
  expect(await small.readWeights()).toEqual(await large.readWeights());
  await small.dispose();
  await large.dispose();
});

test.each<[ExecutorOptions, string]>([
  [{ threads: 0 }, '`threads` must be an integer from 1 to 256. Received: threads=0'],
  [{ threads: 1.5 }, '`threads` must be an integer from 1 to 256. Received: threads=1.5'],
  [{ threads: 257 }, '`threads` must be an integer from 1 to 256. Received: threads=257'],
  [{ batchSize: 0 }, '`batchSize` must be a positive integer. Received: batchSize=0'],
  [{ batchSize: Number.NaN }, '`batchSize` must be a positive integer. Received: batchSize=NaN'],
  [{ reproducible: 'yes' as never }, '`reproducible` must be true or false. Received: reproducible="yes"'],
])('%o is refused', async (options, message) => {
  const error = await make(options).catch((caught) => caught);
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error.message).toBe(message);
});

test('a batch size beyond what WebAssembly can address is an EngineError, not another engine', async () => {
  const error = await createExecutor(model, { batchSize: 1_000_000 }).catch((caught) => caught);
  expect(error).toBeInstanceOf(EngineError);
  expect(error.message).toMatch(/needs \d+ MiB for batches of 1000000 .*choose a smaller batch size/);
});

test('sizes that cannot be are refused before anything is touched', async () => {
  const executor = await make({ threads: 2, batchSize: 16 });
  const before = await executor.readWeights();
  const target = crossEntropy(labels.slice(0, 16));
  for (const size of [0, -1, 2.5, Number.NaN]) {
    expect(() => executor.drawMasks(size, new Generator(1))).toThrow('`size` must be a positive integer');
    expect(() => executor.trainStep(images, size, target)).toThrow('`size` must be a positive integer');
    expect(() => executor.predict(images, size)).toThrow('`size` must be a positive integer');
  }
  const few = images.subarray(0, 15 * PIXELS);
  expect(() => executor.trainStep(few, 16, target)).toThrow('`images` must hold 16 images of 28 x 28 x 1');
  expect(() => executor.trainStep(few, 1000, target)).toThrow('`images` must hold 1000 images');
  expect(() => executor.predict(few, 16)).toThrow('`images` must hold 16 images of 28 x 28 x 1');
  expect(await executor.readWeights()).toEqual(before);
  await executor.dispose();
});

test('a step without masks of its own is refused', async () => {
  const executor = await make({ threads: 1, batchSize: 16 });
  const target = crossEntropy(labels.slice(0, 16));
  expect(() => executor.trainStep(images, 16, target)).toThrow(/call drawMasks\(size, generator\)/);
  executor.drawMasks(8, new Generator(1));
  expect(() => executor.trainStep(images, 16, target)).toThrow(/drawn for 8 images and the batch has 16/);
  await executor.dispose();
});
