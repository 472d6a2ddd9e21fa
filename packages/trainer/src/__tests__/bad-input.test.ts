import { runInNewContext } from 'node:vm';
import { type Batch, DataError, InvalidArgumentError, MnistKitError, ModelError } from '@mnist-kit/core';
import {
  type LoaderLike,
  type LossLike,
  Trainer,
  type TrainerOptions,
  topKAccuracy,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, type Sample, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

const parts = () => ({
  model: linearModel(),
  optimizer: sgd(0.5),
  loss: nll,
  executor: (model: tfl.LayersModel) => new LinearExecutor(model),
});

function setup(options: Partial<TrainerOptions> = {}) {
  return new Trainer({ ...parts(), ...options });
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

/** A loader that yields three good batches and then something else. */
function spoilt(change: (batch: Batch) => unknown): LoaderLike {
  const good = new ListLoader(threeClasses(16), { batchSize: 4 });
  return {
    length: 4,
    async *[Symbol.asyncIterator]() {
      const iterator = good[Symbol.asyncIterator]();
      for (let i = 0; i < 4; i++) {
        const { value } = (await iterator.next()) as { value: Batch };
        yield (i < 3 ? value : change(value)) as Batch;
      }
    },
  };
}

const batchMessage = 'A loader must yield batches { images, labels, size, shape, indices }. Received: ';
const labelMessage = 'The `labels` of a batch must be an Int32Array of class indices';
const imageMessage = 'The `images` of a batch must be a Float32Array, as normalised pixels are: ';

test.each<[string, (batch: Batch) => unknown, string]>([
  ['0', () => 0, `${batchMessage}0`],
  ['null', () => null, `${batchMessage}null`],
  ['{}', () => ({}), `${batchMessage}Object`],
  ['a pair', ({ images, labels }) => [images, labels], `${batchMessage}an array of 2`],
  ['{ xs, ys }', ({ images, labels }) => ({ xs: images, ys: labels }), `${batchMessage}{ xs, ys }`],
  ['a batch without shape', (b) => ({ ...b, shape: undefined }), 'Received: a batch of shape undefined'],
  ['images of another shape', (b) => ({ ...b, shape: [1, 4, 1] }), 'Received: a batch of [1, 4, 1]'],
  [
    'a batch without size',
    (b) => ({ ...b, size: undefined }),
    'needs a `size` of at least 1. Received: size=undefined',
  ],
  ['too few labels', (b) => ({ ...b, labels: b.labels.subarray(1) }), 'Received: 16 pixels and 3 labels'],
  [
    'Uint8ClampedArray images',
    (b) => ({ ...b, images: Uint8ClampedArray.from(b.images) }),
    `${imageMessage}Float32Array.from(bytes, (byte) => byte / 255). Received: images=Uint8ClampedArray of 16`,
  ],
  [
    'Uint8Array images',
    (b) => ({ ...b, images: Uint8Array.from(b.images) }),
    'Received: images=Uint8Array of 16',
  ],
  ['a list of pixels', (b) => ({ ...b, images: [...b.images] }), 'Received: images=an array of 16'],
  [
    'BigInt labels',
    (b) => ({ ...b, labels: BigInt64Array.from(b.labels, BigInt) }),
    `${labelMessage}: Int32Array.from(labels, Number). Received: labels=BigInt64Array of 4`,
  ],
  [
    'float labels',
    (b) => ({ ...b, labels: Float32Array.from(b.labels) }),
    `${labelMessage}: Int32Array.from(labels). Received: labels=Float32Array of 4`,
  ],
  [
    'the label 1.5',
    (b) => ({ ...b, labels: [0, 1, 1.5, 2] }),
    `${labelMessage}, and 1.5 is none. Received: `,
  ],
  [
    "the label '1'",
    (b) => ({ ...b, labels: [0, '1', 1, 2] }),
    `${labelMessage}, and "1" is none. Received: `,
  ],
  [
    'a list of labels',
    (b) => ({ ...b, labels: [...b.labels] }),
    `${labelMessage}: Int32Array.from(labels). Received`,
  ],
  [
    'one-hot floats',
    (b) => ({ ...b, labels: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0) }),
    `${labelMessage}, one per sample and not one-hot rows. Received: labels=Float32Array of 12`,
  ],
  [
    'one-hot rows',
    (b) => ({
      ...b,
      labels: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ],
    }),
    `${labelMessage}, one per sample and not one-hot rows. Received: labels=an array of 4`,
  ],
  [
    'one-hot integers',
    (b) => ({ ...b, labels: Int32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0) }),
    `${labelMessage}, one per sample and not one-hot rows. Received: labels=Int32Array of 12`,
  ],
  [
    'a label that is no class',
    (b) => ({ ...b, labels: Int32Array.of(0, 1, 2, 3) }),
    'Received: label 3 of sample 15',
  ],
])('%s after good batches', async (_, change, message) => {
  for (const attempt of [
    () => setup().fit(spoilt(change)),
    () => setup().test(spoilt(change)),
    () => setup().predict(spoilt(change)),
    () => setup().fit(train(), { val: spoilt(change) }),
    () => setup({ overfitBatches: 4 }).fit(spoilt(change)),
  ]) {
    const outcome = attempt();
    await expect(outcome).rejects.toThrow(MnistKitError);
    await expect(outcome).rejects.toThrow(message);
  }
});

test('a longer array of labels, reused for a last batch, is no one-hot row', async () => {
  const labels = Int32Array.of(0, 1, 0, 1);
  const reused = spoilt((batch) => ({ ...batch, labels, indices: Int32Array.of(0, 1, 2, 3), size: 2 }));
  const model = linearModel(2);
  const samples = { images: new Float32Array(16), shape: [2, 2, 1], size: 4, labels, indices: labels };
  const loader: LoaderLike = {
    async *[Symbol.asyncIterator]() {
      yield samples as unknown as Batch;
      yield { ...samples, size: 2 } as unknown as Batch;
    },
  };
  const history = await setup({ model }).fit(loader);
  expect(history.last?.step).toBe(2);
  await expect(setup().fit(reused)).resolves.toBeDefined();
});

test('typed arrays of another realm are what they are called', async () => {
  const images = runInNewContext('new Float32Array(16)') as Float32Array;
  const labels = runInNewContext('Int32Array.of(0, 1, 2, 0)') as Int32Array;
  const history = await setup().fit(spoilt((batch) => ({ ...batch, images, labels })));
  expect(history.last?.step).toBe(4);
});

test('a batch without indices is trained on, and predicted with an error', async () => {
  const loader = () => spoilt((batch) => ({ ...batch, indices: undefined }));
  expect((await setup().fit(loader())).last?.step).toBe(4);
  expect((await setup({ overfitBatches: 4 }).fit(loader())).last?.step).toBe(4);
  await expect(setup().predict(loader())).rejects.toThrow('Predictions need the `indices` of a batch');
});

test.each([
  ['regression', undefined],
  ['sigmoid', 'sigmoid'],
] as const)('a head for %s', async (_, activation) => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [2, 2, 1] }),
      tfl.layers.dense({ name: 'fc', units: 1, activation }),
    ],
  });
  for (const executor of [undefined, (m: tfl.LayersModel) => new LinearExecutor(m)])
    for (const attempt of [
      (trainer: Trainer) => trainer.fit(train()),
      (trainer: Trainer) => trainer.test(train()),
      (trainer: Trainer) => trainer.predict(train()),
    ]) {
      const outcome = attempt(setup({ model, executor }));
      await expect(outcome).rejects.toThrow(ModelError);
      await expect(outcome).rejects.toThrow(
        'The Trainer trains classifiers: a model needs one output per class, at least 2. For two classes give it two ' +
          'outputs without a sigmoid, and crossEntropyLoss; regression is not supported. Received: a model with 1 output',
      );
    }
});

test.each<[string, unknown, string]>([
  [
    'text',
    'good',
    '`metrics.own` must compute a number, a list of numbers or a list of such lists. Received',
  ],
  ['nothing', undefined, '`metrics.own` must compute a number'],
  ['a promise', Promise.resolve(1), '`metrics.own` must compute a number'],
  ['a list of text', ['a'], '`metrics.own` must compute a number'],
])('a metric that computes %s', async (_, value, message) => {
  const own = { reset() {}, update() {}, compute: () => value as number };
  await expect(setup({ metrics: { own } }).test(train())).rejects.toThrow(InvalidArgumentError);
  await expect(setup({ metrics: { own } }).fit(train(), { val: train() })).rejects.toThrow(message);
});

test('a metric that is asynchronous, or says which way a list is better', async () => {
  const slow = { reset() {}, update: async () => {}, compute: () => 1 };
  await expect(setup({ metrics: { slow } }).test(train())).rejects.toThrow(
    '`metrics.slow.update` must not be asynchronous',
  );
  const list = { better: 'higher' as const, reset() {}, update() {}, compute: () => [1, 2] };
  await expect(setup({ metrics: { list } }).test(train())).rejects.toThrow(
    '`metrics.list.better` must be left out',
  );
});

test('a model that was disposed of', async () => {
  for (const executor of [undefined, (m: tfl.LayersModel) => new LinearExecutor(m)]) {
    const model = linearModel();
    const trainer = setup({ model, executor });
    await trainer.fit(train());
    model.dispose();
    for (const attempt of [() => trainer.fit(train()), () => setup({ model, executor }).test(train())]) {
      await expect(attempt()).rejects.toThrow(ModelError);
      await expect(attempt()).rejects.toThrow('The model was disposed of');
    }
  }
});

test('more of the largest outputs than there are classes', async () => {
  const metrics = { top4: topKAccuracy({ k: 4 }) };
  await expect(setup({ metrics }).test(train())).rejects.toThrow(
    '`k` must be at most the number of classes, which is 3. Received: k=4',
  );
  await expect(setup({ metrics: { top: topKAccuracy() } }).test(train())).rejects.toThrow('Received: k=5');
  const { testTop3 } = await new Trainer({ ...parts(), metrics: { top3: topKAccuracy({ k: 3 }) } }).test(
    train(),
  );
  expect(testTop3).toBe(1);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a pixel that is %s, in the first batch or a later one',
  async (pixel) => {
    for (const batchSize of [1, 2, 6]) {
      const loader = () => new ListLoader(samples({ pixels: [0, 0, pixel, 0] }), { batchSize });
      const message = `Received: ${pixel} at row 1, column 0, channel 0 of sample 5, in batch ${Math.ceil(6 / batchSize)}`;
      for (const attempt of [
        () => setup().fit(loader()),
        () => setup().test(loader()),
        () => setup().predict(loader()),
        () => setup().fit(train(), { val: loader() }),
        () => setup({ overfitBatches: 6 }).fit(loader()),
      ]) {
        const outcome = attempt();
        await expect(outcome).rejects.toThrow(DataError);
        await expect(outcome).rejects.toThrow(message);
      }
    }
  },
);

/** Thirty batches of one image, with a pixel that is NaN in one of them. */
function poisoned(batch: number): ListLoader {
  const images = threeClasses(30);
  images[batch - 1] = { ...images[batch - 1], pixels: [0, Number.NaN, 0, 0] };
  return new ListLoader(images, { batchSize: 1 });
}

test('a pixel that is NaN in any batch ends the fit before the update that it would spoil', async () => {
  for (let batch = 1; batch <= 30; batch++) {
    const model = linearModel();
    const executor = new LinearExecutor(model);
    const fit = new Trainer({ ...parts(), model, executor }).fit(poisoned(batch));
    await expect(fit).rejects.toThrow(`row 0, column 1, channel 0 of sample ${batch - 1}, in batch ${batch}`);
    expect(executor.parameters[0].value.every(Number.isFinite)).toBe(true);
  }
});

test('a pixel that is NaN and does not show in the loss is seen in every eighth batch at least', async () => {
  const attempt = (batch: number) => {
    const executor = new LinearExecutor(linearModel());
    const { trainStep } = executor;
    executor.trainStep = (...step) => ({ ...trainStep.apply(executor, step), loss: 1 });
    return setup({ executor }).fit(poisoned(batch));
  };
  for (const batch of [1, 7, 8, 16, 24]) await expect(attempt(batch)).rejects.toThrow(`in batch ${batch}`);
});

test('pixels in an array are checked, and the values behind the last image of a batch are not', async () => {
  const pixels = new Float32Array(600 * 4);
  await expect(setup().predict(pixels)).resolves.toMatchObject({ size: 600 });
  pixels[599 * 4 + 1] = Number.NaN;
  await expect(setup().predict(pixels)).rejects.toThrow('NaN at row 0, column 1, channel 0 of sample 599');
  const padded = spoilt((batch) => {
    const images = new Float32Array(64).fill(Number.NaN);
    images.set(batch.images.map((_, i) => Math.fround(i % 2 === 0 ? 3e38 : -3e38)));
    return { ...batch, images };
  });
  await expect(setup().test(padded)).resolves.toBeDefined();
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
  await expect(setup({ loss: vector }).test(train())).rejects.toThrow('must return a scalar tensor unless');
  const list = Object.assign(vector, { reduction: 'none' as const });
  expect((await setup({ loss: list }).test(train())).testLoss).toBe(0);
  const number = (() => 3) as unknown as LossLike;
  await expect(setup({ loss: number }).fit(train())).rejects.toThrow('must return a scalar tensor');
  await expect(setup({ loss: number }).test(train())).rejects.toThrow('must return a scalar tensor');
  const average = Object.assign((o: tf.Tensor2D, l: tf.Tensor1D) => nll(o, l), {
    reduction: 'average' as 'mean',
  });
  await expect(setup({ loss: average }).fit(train())).rejects.toThrow("must be 'none', 'mean' or 'sum'");
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
