import { createHash } from 'node:crypto';
import { Generator, InvalidArgumentError, ModelError } from '@mnist-kit/core';
import { createExecutor, createPlanExecutor, createPredictor, type Executor } from '@mnist-kit/engine';
import { convNet, optimizedNet } from '@mnist-kit/models';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorOf, PIXELS, plainNet, smallNet } from './contract/executors.js';

/** Every kind of stage that inference treats in its own way, in one small net of 8 x 8 x 2 images. */
function mixedNet(): tfl.LayersModel {
  const input = tfl.input({ shape: [8, 8, 2] });
  const { conv2d, batchNormalization, reLU, add, concatenate, dropout, dense, flatten } = tfl.layers;
  const apply = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor | tfl.SymbolicTensor[]) =>
    layer.apply(x) as tfl.SymbolicTensor;
  const random = () => tfl.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed: ++seed });
  let seed = 0;
  const conv = (filters: number, kernelSize: number, strides = 1) =>
    conv2d({ filters, kernelSize, strides, padding: 'same', kernelInitializer: random() });
  const first = apply(reLU(), apply(batchNormalization(), apply(conv(6, 5), input)));
  const second = apply(reLU(), apply(batchNormalization(), apply(conv(6, 3), first)));
  const sum = apply(dropout({ rate: 0.3 }), apply(add(), [first, second]));
  const wide = apply(concatenate(), [
    apply(tfl.layers.activation({ activation: 'tanh' }), apply(conv(5, 3), sum)),
    apply(
      tfl.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', depthwiseInitializer: random() }),
      sum,
    ),
  ]);
  const pooled = apply(
    tfl.layers.maxPooling2d({ poolSize: 2 }),
    apply(batchNormalization(), apply(conv(9, 3), wide)),
  );
  const narrow = apply(tfl.layers.averagePooling2d({ poolSize: 3, strides: 2 }), apply(conv(7, 1), pooled));
  const hidden = apply(
    reLU(),
    apply(dense({ units: 9, kernelInitializer: random() }), apply(flatten(), narrow)),
  );
  const outputs = apply(
    dense({ units: 5, activation: 'softmax', kernelInitializer: random() }),
    apply(batchNormalization(), hidden),
  );
  return tfl.model({ inputs: input, outputs });
}

const bitsOf = (values: Float32Array): number[] => [...new Uint32Array(values.slice().buffer)];

/** Trains a little, so that running statistics and weights are not what they begin as. */
async function trainedSteps(executor: Executor, images: Float32Array, size: number, steps = 2) {
  const { classes } = executor;
  const probabilities = new Float32Array(size * classes);
  for (let i = 0; i < size; i++) probabilities[i * classes + (i % classes)] = 1;
  const generator = new Generator(5);
  for (let step = 0; step < steps; step++) {
    executor.drawMasks(size, generator);
    await executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
    for (const { value, gradient } of executor.parameters)
      for (let i = 0; i < value.length; i++) value[i] -= 0.1 * gradient[i];
    await executor.parametersChanged();
  }
}

test.each([
  ['OptimizedNet', () => optimizedNet({ generator: new Generator(1) }), 784],
  ['a net with branches, dropout and every kind of pooling', mixedNet, 128],
  ['odd channels and sizes', () => convNet({ channels: [3, 5, 7], inputShape: [9, 11, 3] }), 297],
])('%s: an image’s outputs depend on nothing but the image, to the bit', async (_, make, pixels) => {
  const count = 21;
  const images = new Generator(3).rand(count * pixels);
  const model = make();
  const trained = await createPlanExecutor(model, { threads: 1, batchSize: count });
  await trainedSteps(trained, images, count);
  const weights = await trained.readWeights();
  const whole = bitsOf(await trained.predict(images, count));
  expect(new Set(whole).size).toBeGreaterThan(count);
  const predictors = await Promise.all(
    [1, 2, 8].map(async (threads) => {
      const predictor = await createPredictor(model, { engine: 'plan', threads, batchSize: 2 * threads + 1 });
      await predictor.writeWeights(weights);
      return predictor;
    }),
  );
  const { classes } = trained;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(trained, ...predictors),
      fc.array(fc.nat({ max: count - 1 }), { minLength: 1, maxLength: 24 }),
      async (runner, chosen) => {
        const batch = new Float32Array(chosen.length * pixels);
        for (const [i, image] of chosen.entries())
          batch.set(images.subarray(image * pixels, (image + 1) * pixels), i * pixels);
        const expected = chosen.flatMap((image) => whole.slice(image * classes, (image + 1) * classes));
        expect(bitsOf(await runner.predict(batch, chosen.length))).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
  for (const runner of [trained, ...predictors]) await runner.dispose();
});

test('inference sees every change of weights and statistics, whatever made it', async () => {
  const model = smallNet();
  const size = 6;
  const images = new Generator(4).rand(size * PIXELS);
  const executor = await createPlanExecutor(model, { threads: 2, batchSize: size });
  const fresh = await createPredictor(model, { engine: 'plan', threads: 1 });
  let before: number[] = [];
  const compare = async (changed: string) => {
    const now = bitsOf(await executor.predict(images, size));
    await fresh.writeWeights(await executor.readWeights());
    expect(now, changed).toEqual(bitsOf(await fresh.predict(images, size)));
    expect(now, changed).not.toEqual(before);
    before = now;
  };
  await compare('as made');
  executor.drawMasks(size, new Generator(1));
  const probabilities = new Float32Array(size * 3).fill(1 / 3);
  await executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 });
  await compare('running statistics moved by a step without an update');
  await trainedSteps(executor, images, size, 1);
  await compare('an optimizer step');
  const weights = await executor.readWeights();
  for (const [name, { data }] of Object.entries(weights)) {
    await executor.writeWeights({
      [name]: { ...weights[name], data: data.map((value) => value * 1.5 + 0.1) },
    });
    // A bias in front of a batch norm moves its centre, and what is behind it as well.
    await compare(name);
  }
  const many = new Generator(9).rand(3 * size * PIXELS);
  await trainedSteps(executor, many, 3 * size, 1);
  await compare('a step that made the plan grow');
  await executor.dispose();
  await fresh.dispose();
});

test('what was predicted before is not changed by a step, and training goes on as if nothing had been predicted', async () => {
  const size = 8;
  const images = new Generator(6).rand(size * PIXELS);
  const run = async (predicts: boolean) => {
    const executor = await createPlanExecutor(smallNet(), { threads: 2, batchSize: size });
    for (let step = 0; step < 3; step++) {
      await trainedSteps(executor, images, size, 1);
      if (predicts) await executor.predict(images, 1 + 3 * step);
    }
    const weights = await executor.readWeights();
    await executor.dispose();
    return Object.entries(weights).map(([name, { data }]) => [name, bitsOf(data as Float32Array)]);
  };
  expect(await run(true)).toEqual(await run(false));
});

test('inference has the golden bits on every runtime', async () => {
  const executor = await createPlanExecutor(optimizedNet({ generator: new Generator(1) }), { threads: 2 });
  const images = new Generator(2).rand(16 * 784);
  await trainedSteps(executor, images, 16);
  const outputs = await executor.predict(images, 16);
  await executor.dispose();
  const hash = createHash('sha256').update(new Uint8Array(outputs.slice().buffer)).digest('hex');
  expect(hash).toBe('6d3f4bfac573f44a90c1622d0492bcc72dfaef4a7f493fbff39a17fd5d63658c');
});

test('a predictor runs what the plan does not know eagerly, and says why', async () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, inputShape: [8, 8, 1] }),
      tfl.layers.globalAveragePooling2d({}),
      tfl.layers.dense({ units: 3 }),
    ],
  });
  const predictor = await createPredictor(model, { backend: 'cpu' });
  expect(predictor.engine).toBe('eager');
  expect(predictor.reason).toContain('dilated');
  const images = new Generator(1).rand(2 * 64);
  const executor = await createExecutor(model, { engine: 'eager', backend: 'cpu' });
  expect(await predictor.predict(images, 2)).toEqual(await executor.predict(images, 2));
  await predictor.dispose();
  await executor.dispose();
  const refused = await errorOf(() => createPredictor(model, { engine: 'plan' }));
  expect(refused).toBeInstanceOf(ModelError);
});

test('a predictor takes what it is told, or refuses it by name', async () => {
  const model = plainNet();
  const wrong: [Record<string, unknown>, string][] = [
    [{ thread: 2 }, 'threads'],
    [{ reason: 'none' }, 'reason'],
    [{ threads: 0 }, 'threads'],
    [{ engine: 'fast' }, 'engine'],
    [{ batchSize: 1.5 }, 'batchSize'],
    [{ backend: '' }, 'backend'],
  ];
  for (const [options, named] of wrong) {
    const error = await errorOf(() => createPredictor(model, options));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toContain(named);
  }
  const predictor = await createPredictor(model, { threads: 2 });
  expect(predictor.description).toMatch(/^plan, .*2 threads.*inference/);
  expect([...predictor.inputShape, predictor.classes]).toEqual([6, 6, 1, 3]);
  expect(await errorOf(() => predictor.predict(new Float32Array(3), 1))).toBeInstanceOf(InvalidArgumentError);
  const before = bitsOf(await predictor.predict(new Float32Array(PIXELS), 1));
  const misfit = { 'conv1/kernel': { shape: [1], data: new Float32Array(1) } };
  expect((await errorOf(() => predictor.writeWeights(misfit))).name).toBe('CheckpointError');
  expect(bitsOf(await predictor.predict(new Float32Array(PIXELS), 1))).toEqual(before);
  await predictor.dispose();
  await predictor.dispose();
  const closed = await errorOf(() => predictor.predict(new Float32Array(PIXELS), 1));
  expect(closed.message).toContain('disposed');
});
