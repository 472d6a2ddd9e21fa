import { readFileSync } from 'node:fs';
import { Generator, RandomState } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, Subset, transforms as T } from '@mnist-kit/datasets';
import { createEagerExecutor, createPlanExecutor } from '@mnist-kit/engine';
import { labelSmoothingCrossEntropy, mixup, nllLoss } from '@mnist-kit/losses';
import { improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam, AdamW, type Optimizer, StepLR } from '@mnist-kit/optim';
import { type ExecutorFactory, Trainer, type TrainerOptions } from '@mnist-kit/trainer';
import { afterAll, describe, expect, test } from 'vitest';

// The notebook's pipeline against the same code in PyTorch without loader workers: split, initial weights, order,
// augmentation, mixup and dropout all come out of the same stream of random numbers, in the same order.

interface GoldenRun {
  seed: number;
  epochs: { lr: number; losses: number[]; val_nll: number; val_hits: number }[];
  next_randint: number[];
  next_numpy: number;
}

const golden: Record<'optimized' | 'advanced', GoldenRun> = JSON.parse(
  readFileSync(new URL('./fixtures/pipeline.json', import.meta.url), 'utf8'),
);

const VAL = 80;
const range = (length: number) => Int32Array.from({ length }, (_, i) => i);
const digits = await mnist({ split: 'train' });
const loaders: DataLoader[] = [];
afterAll(() => Promise.all(loaders.map((loader) => loader.dispose())));

/** 328 training and 80 validation images of the notebook's split, both augmented. */
function makeLoaders(generator: Generator): { train: DataLoader; val: DataLoader } {
  const [trainHalf, valHalf] = randomSplit(digits, [50_000, 10_000], new Generator(42));
  const transform = T.compose([
    T.randomRotation(10),
    T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }),
    T.normalize({ mean: 0.1307, std: 0.3081 }),
  ]);
  const options = { batchSize: 32, transform, generator };
  const train = new DataLoader(new Subset(trainHalf, range(328)), { ...options, shuffle: true });
  const val = new DataLoader(new Subset(valHalf, range(VAL)), options);
  loaders.push(train, val);
  return { train, val };
}

/** Trains, and holds every loss and both streams afterwards to PyTorch. */
async function expectPyTorchsRun(
  expected: GoldenRun,
  generator: Generator,
  options: TrainerOptions & { optimizer: Optimizer },
): Promise<void> {
  const { train, val } = makeLoaders(generator);
  const losses: number[] = [];
  const trainer = new Trainer({
    ...options,
    generator,
    scheduler: new StepLR(options.optimizer, { stepSize: 1, gamma: 0.5 }),
    metrics: { nll: meanNll() },
    callbacks: [{ onTrainBatchEnd: (_, { loss }) => void losses.push(loss) }],
  });
  const history = await trainer.fit(train, { val, epochs: expected.epochs.length });
  const theirs = expected.epochs.flatMap((epoch) => epoch.losses);
  expect(losses).toHaveLength(theirs.length);
  for (const [k, loss] of theirs.entries())
    expect(Math.abs(losses[k] / loss - 1), `loss of step ${k}`).toBeLessThan(k < 11 ? 1e-3 : 3e-3);
  for (const [i, { lr, val_nll, val_hits }] of expected.epochs.entries()) {
    const record = history.epochs[i];
    expect(record.lr).toBeCloseTo(lr, 15);
    expect(Math.abs((record.valNll as number) / val_nll - 1), `validation ${i}`).toBeLessThan(3e-3);
    // One image on the edge between two classes may fall to the other side.
    expect(Math.abs((record.valAccuracy as number) * VAL - val_hits)).toBeLessThan(1.5);
  }
  expect(expected.next_randint.map(() => generator.randomUint32())).toEqual(expected.next_randint);
  await trainer.dispose();
}

/** The notebook validates with the plain likelihood, whatever it trains on. */
function meanNll() {
  let sum = 0;
  let count = 0;
  return {
    reset: () => {
      sum = 0;
      count = 0;
    },
    update: ({ outputs, labels, size }: { outputs: Float32Array; labels: Int32Array; size: number }) => {
      for (let i = 0; i < size; i++) sum -= outputs[i * 10 + labels[i]];
      count += size;
    },
    compute: () => sum / count,
  };
}

const engines: [string, ExecutorFactory][] = [
  ['the plan', (model) => createPlanExecutor(model, { threads: 2, batchSize: 32 })],
  ['TensorFlow.js', (model) => createEagerExecutor(model, { backend: 'wasm' })],
];

describe.each(engines)('on %s', (_, executor) => {
  test("two epochs with augmentation and dropout are PyTorch's, draw by draw", async () => {
    const expected = golden.optimized;
    const generator = new Generator(expected.seed);
    await expectPyTorchsRun(expected, generator, {
      model: optimizedNet({ generator }),
      optimizer: new Adam({ lr: 1e-3, weightDecay: 1e-4 }),
      loss: nllLoss(),
      executor,
    });
  });

  test("an epoch with mixup and label smoothing is PyTorch's and NumPy's, draw by draw", async () => {
    const expected = golden.advanced;
    const generator = new Generator(expected.seed);
    const random = new RandomState(expected.seed);
    await expectPyTorchsRun(expected, generator, {
      model: improvedNet({ generator }),
      optimizer: new AdamW({ lr: 8e-4, weightDecay: 1e-3 }),
      loss: labelSmoothingCrossEntropy({ smoothing: 0.1 }),
      mixup: mixup({ alpha: 1, probability: 0.5, random }),
      executor,
    });
    expect(random.random()).toBe(expected.next_numpy);
  });
});
