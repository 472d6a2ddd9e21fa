import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Generator } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { residualNet } from '../residual-net.js';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [program, ...args]).then(
    (output) => ({ code: 0, ...output }),
    (error) => error as { code: number; stdout: string; stderr: string },
  );

test("a user's own net, loss, metric and callback learn 93% of the test digits", async () => {
  // With the stock layer, which is compiled; that one's own computes the same is tested below.
  const compiled = ['--layer', 'stock'];
  const { stdout, stderr } = await run(
    ...compiled,
    '--data',
    'digits',
    '--train-samples',
    '6400',
    '--epochs',
    '3',
  );
  expect(stdout.match(/hardest: \d, /g)).toHaveLength(3);
  const accuracy = Number(/Test: focal loss [\d.]+, accuracy ([\d.]+)%/.exec(stdout)?.[1]);
  expect(accuracy).toBeGreaterThan(93);
  expect(stderr).toBe('');
}, 240_000);

test("a net with a layer of one's own trains, op by op", async () => {
  const { stdout, stderr } = await run('--data', 'digits', '--train-samples', '640', '--epochs', '1');
  expect(stdout.match(/hardest: \d, /g)).toHaveLength(1);
  expect(Number(/accuracy ([\d.]+)%/.exec(stdout)?.[1])).toBeGreaterThan(10);
  expect(stderr).toBe('');
}, 240_000);

test('where Fashion-MNIST is missing the program says so and trains on nothing else', async () => {
  const { code, stdout, stderr } = await run('--root', mkdtempSync(join(tmpdir(), 'no-fashion-')));
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/Fashion-MNIST is not here\. With --data digits/);
}, 60_000);

test('an option that does not exist, and a value that none can have, are refused by name', async () => {
  for (const args of [
    ['--epoch', '3'],
    ['--epochs', '0'],
    ['--data', 'letters'],
  ]) {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(args[0]);
  }
}, 60_000);

test("a layer of one's own computes what its stock counterpart does, eagerly", async () => {
  const generator = new Generator(3);
  const stock = residualNet({ channels: [4, 6], generator });
  const own = residualNet({ channels: [4, 6], own: true, generator });
  // Scales that are not 1, so that the layer has something to do.
  const weights = stock
    .getWeights()
    .map((weight) => tf.add(weight, tf.tensor(generator.rand(weight.size), weight.shape)));
  stock.setWeights(weights);
  own.setWeights(own.getWeights().map(({ shape }, i) => tf.reshape(weights[i], shape)));
  const images = generator.rand(4 * 784);
  const [compiled, eager] = await Promise.all([
    createExecutor(stock, { threads: 1 }),
    createExecutor(own, { threads: 1 }),
  ]);
  expect([compiled.engine, eager.engine]).toEqual(['plan', 'eager']);
  const expected = await eager.predict(images, 4);
  (await compiled.predict(images, 4)).forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected[i])));
  });
  await compiled.dispose();
  await eager.dispose();
}, 120_000);
