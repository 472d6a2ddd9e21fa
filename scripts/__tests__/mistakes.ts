import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader, decodeIdx, fashionMnist, mnist, randomSplit } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { crossEntropyLoss, nllLoss } from '@mnist-kit/losses';
import {
  convNet,
  loadStateDict,
  optimizedNet,
  readSafetensors,
  readTorchFile,
  stateDict,
} from '@mnist-kit/models';
import { loadModel } from '@mnist-kit/models/node';
import { Adam, ReduceLROnPlateau, StepLR } from '@mnist-kit/optim';
import {
  EarlyStopping,
  ModelCheckpoint,
  Trainer,
  type TrainerOptions,
  topKAccuracy,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-layers';

/** Where they leave what they write. */
export const folder = mkdtempSync(join(tmpdir(), 'mistakes-'));

/** Eight images of 4 x 4 pixels, of two classes. */
const dataset = (labels: ArrayLike<number> = [0, 1, 0, 1, 0, 1, 0, 1], value = 9) =>
  arrayDataset({
    images: new Float32Array(16 * labels.length).fill(value),
    labels,
    shape: [4, 4, 1],
    classes: ['a', 'b'],
  });

const loader = () => new DataLoader(dataset(), { batchSize: 4 });

const net = () => convNet({ channels: [4], poolAfter: [1], inputShape: [4, 4, 1], classes: 2, dropout: 0 });

/** JavaScript has no types: what a user writes may be anything. */
const any = (value: unknown) => value as never;

const trainer = (options: object = {}, model = net()) =>
  new Trainer({
    model,
    optimizer: new Adam({ lr: 1e-3 }),
    loss: nllLoss(),
    threads: 1,
    log: () => {},
    warn: () => {},
    ...options,
  } as TrainerOptions);

async function train(options: object = {}, settings: object = { epochs: 1 }, data: unknown = loader()) {
  const made = trainer(options);
  try {
    return await made.fit(any(data), any(settings));
  } finally {
    await made.dispose();
  }
}

/** A loader of one's own that gives one-hot rows, as other frameworks take them. */
async function* oneHot() {
  const indices = Int32Array.of(0);
  yield { images: new Float32Array(16), labels: Float32Array.of(1, 0), size: 1, shape: [4, 4, 1], indices };
}

/** A stock model of these layers. */
const sequential = (...layers: tf.layers.Layer[]) => tf.sequential({ layers: any(layers) });

async function executor() {
  return createExecutor(net(), { threads: 1, batchSize: 4 });
}

/** A folder with a fit of one epoch in it. */
async function trained(name: string, lr = 1e-3): Promise<string> {
  const dir = join(folder, name);
  await train({
    optimizer: new Adam({ lr }),
    callbacks: [new ModelCheckpoint({ dir, monitor: 'trainLoss' })],
  });
  return dir;
}

/** Mistakes that people make, in the order of the page that explains what they are told. */
export const mistakes: readonly (() => unknown)[] = [
  // Options
  () => new Adam(any({ lr: 1e-3, weight_decay: 1e-4 })),
  () => new Adam({ lr: -1 }),
  () => new StepLR(any(undefined), { stepSize: 7 }),
  () => trainer({ loss: nllLoss }),
  () => trainer({ metrics: { top3: topKAccuracy } }),
  () => trainer({ metrics: { loss: topKAccuracy() } }),
  () => trainer({ callbacks: [{ name: 'mine', onBatchEnd() {} }] }),
  () =>
    train(
      { callbacks: [new EarlyStopping({ monitor: 'valAcuracy', patience: 2 })] },
      { epochs: 1, val: loader() },
    ),
  () => train({ scheduler: new ReduceLROnPlateau(new Adam({ lr: 1 }), { mode: 'max' }) }),
  () => train({}, { epochs: 0 }),
  // Data
  () => mnist({ split: 'test', root: join(folder, 'nothing') }),
  () => fashionMnist({ split: 'test', cacheDir: join(folder, 'cache'), download: false }),
  () =>
    fashionMnist({
      split: 'test',
      cacheDir: join(folder, 'cache'),
      download: { mirrors: ['http://127.0.0.1:9/'], attempts: 1 },
    }),
  () => {
    const root = join(folder, 'other');
    mkdirSync(root);
    writeFileSync(
      join(root, 't10k-images-idx3-ubyte'),
      Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7),
    );
    writeFileSync(join(root, 't10k-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7));
    return mnist({ split: 'test', root });
  },
  () => decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 9, 7), { name: 'labels' }),
  () => dataset([0, 2]),
  () => arrayDataset({ images: new Uint8Array(10), labels: [0], shape: [4, 4, 1] }),
  () => dataset([0, 1], Number.NaN),
  () => randomSplit(dataset(), [6, 3], new Generator(1)),
  () => new DataLoader(dataset(), { batchSize: 4, shuffle: true }),
  () => train({}, { epochs: 1 }, new DataLoader(dataset(), { batchSize: 16, dropLast: true })),
  async () => {
    const crop = (image: object) => ({ ...image, data: new Float32Array(9), width: 3, height: 3 });
    for await (const _ of new DataLoader(dataset(), { transform: any(crop) }));
  },
  // Batches of a loader of one's own
  () => train({}, { epochs: 1 }, oneHot()),
  () =>
    train(
      {},
      { epochs: 1 },
      new DataLoader(arrayDataset({ images: new Uint8Array(18), labels: [0, 1], shape: [3, 3, 1] })),
    ),
  () =>
    train(
      {},
      { epochs: 1 },
      new DataLoader(
        arrayDataset({ images: new Uint8Array(16), labels: [7], shape: [4, 4, 1], classes: [...'abcdefgh'] }),
      ),
    ),
  // Models
  () =>
    createExecutor(
      sequential(
        tf.layers.reshape({ inputShape: [4, 4, 1], targetShape: [16] }),
        tf.layers.dense({ units: 2 }),
      ),
      { engine: 'plan' },
    ),
  () =>
    train({ model: sequential(tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 1 })) }),
  () => {
    const model = net();
    model.dispose();
    return createExecutor(model);
  },
  async () => {
    const made = await executor();
    await made.dispose();
    return made.predict(new Float32Array(16), 1);
  },
  async () => {
    const target = { kind: 'softTargets', probabilities: Float32Array.of(1, 0), scale: 1 } as const;
    return (await createExecutor(optimizedNet(), { threads: 1, batchSize: 2 })).trainStep(
      new Float32Array(784),
      1,
      { ...target, probabilities: new Float32Array(10) },
    );
  },
  async () => (await executor()).predict(new Float32Array(15), 1),
  // Weights and files
  () => loadStateDict(optimizedNet(), { 'conv1.weight': stateDict(optimizedNet())['conv1.weight'] }),
  () =>
    loadStateDict(optimizedNet(), {
      ...stateDict(optimizedNet()),
      'fc.bias': { shape: [5], data: new Float32Array(5) },
    }),
  () => readSafetensors(new Uint8Array(100)),
  () => readTorchFile(new Uint8Array(100)),
  () => loadModel(join(folder, 'no-model')),
  // Fits
  () =>
    train({
      callbacks: [
        {
          name: 'mine',
          onEpochEnd() {
            throw new Error('no speaker');
          },
        },
      ],
    }),
  () =>
    train(
      { loss: crossEntropyLoss(), detectAnomaly: true, optimizer: new Adam({ lr: 1e30 }) },
      { epochs: 3 },
    ),
  () => train({}, { epochs: 1, resume: 'auto' }),
  async () => {
    const dir = await trained('settings');
    const callbacks = [new ModelCheckpoint({ dir, monitor: 'trainLoss' })];
    return train({ optimizer: new Adam({ lr: 5e-4 }), callbacks }, { epochs: 2, resume: 'auto' });
  },
  async () => train({}, { epochs: 2, resume: await trained('path') }),
  async () => {
    const dir = await trained('lengths');
    const callbacks = [new ModelCheckpoint({ dir, monitor: 'trainLoss' })];
    await train({ callbacks }, { epochs: 2, resume: 'auto' });
    return train(
      { callbacks: [new ModelCheckpoint({ dir, monitor: 'trainLoss' })] },
      { epochs: 1, resume: 'auto' },
    );
  },
];
