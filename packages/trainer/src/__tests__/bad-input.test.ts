import { DataError, InvalidArgumentError, ModelError } from '@mnist-kit/core';
import { type LoaderLike, type LossLike, Trainer, type TrainerOptions } from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, type Sample, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

function setup(options: Partial<TrainerOptions> = {}) {
  const model = linearModel();
  return new Trainer({
    model,
    optimizer: sgd(0.5),
    loss: nll,
    executor: (m) => new LinearExecutor(m),
    ...options,
  });
}

const train = () => new ListLoader(threeClasses(12));
const samples = (change: Partial<Sample>) => [...threeClasses(5), { ...threeClasses(1)[0], ...change }];

test('a trainer without a model, or with parts that cannot work', () => {
  expect(() => new Trainer({} as TrainerOptions)).toThrow('`model` must be a tf.LayersModel');
  expect(() => setup({ optimizer: {} as never })).toThrow('`optimizer` must have a `step` method');
  expect(() => setup({ loss: 'nll' as never })).toThrow('`loss` must be a function');
});

test('fit without optimizer or loss says what is needed', async () => {
  await expect(setup({ optimizer: undefined }).fit(train())).rejects.toThrow('`optimizer` is needed to fit');
  await expect(setup({ loss: undefined }).fit(train())).rejects.toThrow('`loss` is needed to fit');
});

test.each([0, -1, 1.5, Number.NaN])('epochs %s', async (epochs) => {
  const fit = setup().fit(train(), { epochs });
  await expect(fit).rejects.toThrow(InvalidArgumentError);
  await expect(fit).rejects.toThrow(`\`epochs\` must be a positive integer. Received: epochs=${epochs}`);
});

test('something that is no loader', async () => {
  await expect(setup().fit([] as unknown as LoaderLike)).rejects.toThrow('`train` must be a DataLoader');
  await expect(setup().test(undefined as unknown as LoaderLike)).rejects.toThrow(
    '`loader` must be a DataLoader',
  );
  const val = { clean: {} as LoaderLike };
  await expect(setup().fit(train(), { val })).rejects.toThrow('`val.clean` must be a DataLoader');
});

test.each([3, -1])('label %s of a model with three outputs', async (label) => {
  const loader = () => new ListLoader(samples({ label }));
  const message = `The model has 3 outputs, so labels must be 0 to 2. Received: label ${label} of sample 5`;
  for (const attempt of [
    () => setup().fit(loader()),
    () => setup().test(loader()),
    () => setup().fit(train(), { val: loader() }),
  ]) {
    const outcome = attempt();
    await expect(outcome).rejects.toThrow(ModelError);
    await expect(outcome).rejects.toThrow(message);
  }
});

test('images of another shape', async () => {
  const wrong: LoaderLike = {
    async *[Symbol.asyncIterator]() {
      yield {
        images: new Float32Array(9),
        labels: new Int32Array(1),
        indices: new Int32Array(1),
        size: 1,
        shape: [3, 3, 1] as const,
      };
    },
  };
  const message =
    'The model takes images of [height, width, channels] = [2, 2, 1]. Received: a batch of [3, 3, 1]';
  await expect(setup().fit(wrong)).rejects.toThrow(message);
  await expect(setup().predict(wrong)).rejects.toThrow(message);
  await expect(setup().predict(new Float32Array(9))).rejects.toThrow(
    '`images` must hold whole images of 2 x 2 x 1',
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a pixel that is %s', async (pixel) => {
  const loader = new ListLoader(samples({ pixels: [0, 0, pixel, 0] }), { batchSize: 6 });
  const attempt = setup().fit(loader);
  await expect(attempt).rejects.toThrow(DataError);
  await expect(attempt).rejects.toThrow(`Received: ${pixel} at pixel 2 of sample 5`);
});

test('a loader without batches', async () => {
  await expect(setup().fit(new ListLoader([]))).rejects.toThrow(DataError);
  await expect(setup().test(new ListLoader([]))).rejects.toThrow('The test loader yielded no batch');
  await expect(setup().predict(new ListLoader([]))).rejects.toThrow('The loader yielded no batch');
});

test('losses that cannot be trained on', async () => {
  const none: LossLike = Object.assign((o: tf.Tensor2D, l: tf.Tensor1D) => nll(o, l), {
    reduction: 'none' as const,
  });
  await expect(setup({ loss: none }).fit(train())).rejects.toThrow("must have reduction 'mean' or 'sum'");
  const vector: LossLike = (outputs) => tf.sum(outputs, 1);
  await expect(setup({ loss: vector }).fit(train())).rejects.toThrow('must return a scalar tensor');
});

test('a second fit while one runs', async () => {
  const trainer = setup();
  const first = trainer.fit(train());
  await expect(trainer.fit(train())).rejects.toThrow('must not be called while a fit is running');
  expect((await first).epochs).toHaveLength(1);
});

test('a loader that fails is closed and its error passed on', async () => {
  const loader = train();
  const inner = loader[Symbol.asyncIterator]();
  const failing: LoaderLike = {
    [Symbol.asyncIterator]: () => ({
      ...inner,
      next: async () => {
        throw new DataError('disk on fire');
      },
    }),
  };
  await expect(setup().fit(failing)).rejects.toThrow('disk on fire');
  expect(loader.closed).toBe(1);
});
