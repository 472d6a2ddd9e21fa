import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, Generator, InvalidArgumentError } from '@mnist-kit/core';
import { convNet, readSafetensors } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import {
  type Callback,
  EarlyStopping,
  ExponentialMovingAverage,
  GradientClipping,
  type LoaderLike,
  ModelCheckpoint,
  StochasticWeightAveraging,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weights-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function setup(callbacks: Callback[], options: Partial<TrainerOptions> = {}) {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const parts = { model, executor, optimizer: sgd(0.5), loss: nll, log: () => {} };
  return { model, executor, trainer: new Trainer({ ...parts, callbacks, ...options }) };
}

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });
const val = () => new ListLoader(threeClasses(6));
const kernelOf = (executor: LinearExecutor) => Array.from(executor.parameters[0].value);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 6): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], digits);
}

describe('ExponentialMovingAverage', () => {
  test.each([true, false])('follows its recurrence and ends in the model (warm-up %s)', async (warmUp) => {
    const kernels: number[][] = [];
    const spy: Callback = { onTrainBatchEnd: () => void kernels.push(kernelOf(executor)) };
    const ema = new ExponentialMovingAverage({ decay: 0.3, warmUp });
    const { model, executor, trainer } = setup([spy, ema]);
    await trainer.fit(train(), { epochs: 2 });
    let average = kernels[0].map(() => 0);
    kernels.forEach((kernel, i) => {
      const decay = warmUp ? Math.min(0.3, (2 + i) / (11 + i)) : 0.3;
      average = average.map((a, k) => decay * a + (1 - decay) * kernel[k]);
    });
    expectClose(model.weights[0].read().dataSync(), average);
  });

  test('stands in for the weights in validation and in what is kept, and not in training', async () => {
    const log: Record<string, number[]> = {};
    const note = (name: string) => () => {
      log[name] = kernelOf(executor);
    };
    const before: Callback = { onTrainBatchEnd: note('trained') };
    const after: Callback = {
      onValidationStart: note('validated'),
      onEpochEnd: note('kept'),
      onSafePoint: note('safe'),
    };
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'valLoss' });
    const { executor, trainer } = setup([
      before,
      new ExponentialMovingAverage({ decay: 0.9 }),
      after,
      checkpoint,
    ]);
    await trainer.fit(train(), { val: val() });
    expect(log.safe).toEqual(log.trained);
    expect(log.validated).not.toEqual(log.trained);
    expect(log.kept).toEqual(log.validated);
    const best = readSafetensors(readFileSync(join(dir, 'best.safetensors')));
    const transposed = Array.from(log.kept, (_, i) => log.kept[(i % 4) * 3 + Math.floor(i / 4)]);
    expect(Array.from(best['fc.weight'].data)).toEqual(transposed);
  });

  test('does not undo the best weights that EarlyStopping restores', async () => {
    const kernels: number[][] = [];
    const spy: Callback = { onEpochEnd: () => void kernels.push(kernelOf(executor)) };
    const worse: Callback = {
      onValidationEnd: (run, result) => {
        (result as Record<string, number>).valLoss = run.epoch;
      },
    };
    const stopping = new EarlyStopping({ monitor: 'valLoss', patience: 2, restoreBest: true });
    const { model, executor, trainer } = setup([worse, stopping, new ExponentialMovingAverage(), spy]);
    await trainer.fit(train(), { val: val(), epochs: 9 });
    expect(kernels).toHaveLength(3);
    expect(Array.from(model.weights[0].read().dataSync())).toEqual(kernels[0]);
  });

  test('names a bad decay', () => {
    expect(() => new ExponentialMovingAverage({ decay: 1.5 })).toThrow(InvalidArgumentError);
  });
});

describe('GradientClipping', () => {
  function clipped(options: { norm?: number; value?: number }, gradients: number[]) {
    const seen: number[] = [];
    const plant: Callback = {
      onBeforeOptimizerStep: ({ executor: { parameters } }) => {
        parameters[0].gradient.fill(0);
        parameters[1].gradient.set(gradients);
      },
    };
    const spy: Callback = {
      onBeforeOptimizerStep: ({ executor: { parameters } }) => void seen.push(...parameters[1].gradient),
    };
    const clipping = new GradientClipping(options);
    const { trainer } = setup([plant, clipping, spy]);
    return trainer.fit(new ListLoader(threeClasses(3))).then(() => ({ seen, clipping }));
  }

  test('scales all gradients to the norm, only when theirs is larger', async () => {
    const large = await clipped({ norm: 1 }, [3, 0, 4]);
    expectClose(large.seen, [0.6, 0, 0.8]);
    expect(large.clipping.lastNorm).toBe(5);
    const small = await clipped({ norm: 6 }, [3, 0, 4]);
    expect(small.seen).toEqual([3, 0, 4]);
  });

  test('limits every element to the value', async () => {
    expect((await clipped({ value: 2 }, [3, 1, -4])).seen).toEqual([2, 1, -2]);
  });

  test('names bad options', () => {
    expect(() => new GradientClipping({})).toThrow('`norm` or `value` must be given, and not both');
    expect(() => new GradientClipping({ norm: 1, value: 1 })).toThrow(InvalidArgumentError);
    expect(() => new GradientClipping({ norm: 0 })).toThrow('`norm` must be above 0');
  });
});

describe('StochasticWeightAveraging', () => {
  test('averages the ends of the last epochs, trained at its learning rate', async () => {
    const ends: number[][] = [];
    const rates: number[] = [];
    const spy: Callback = {
      onEpochEnd: (_, { lr }) => {
        ends.push(kernelOf(executor));
        rates.push(lr);
      },
    };
    const { model, executor, trainer } = setup([
      spy,
      new StochasticWeightAveraging({ start: 0.5, lr: 0.25 }),
    ]);
    await trainer.fit(train(), { epochs: 4 });
    expect(rates).toEqual([0.5, 0.5, 0.25, 0.25]);
    expectClose(
      model.weights[0].read().dataSync(),
      ends[2].map((value, i) => (value + ends[3][i]) / 2),
    );
  });

  test.each<[string, number | undefined, number]>([
    ['all batches', undefined, 3],
    ['as many batches as an epoch is limited to', 2, 2],
    ['a share of them', 0.4, 1],
  ])(
    'measures the batch-norm statistics of the averaged weights, as stock TensorFlow.js does, on %s',
    async (_, limitTrainBatches, seen) => {
      const generator = new Generator(5);
      const model = convNet({ channels: [4], poolAfter: [], generator });
      const pixels = generator.rand(6 * 784);
      const batches = [0, 1, 2].map(
        (b): Batch => ({
          images: pixels.slice(b * 2 * 784, (b + 1) * 2 * 784),
          labels: Int32Array.from([b, b + 1]),
          indices: Int32Array.from([2 * b, 2 * b + 1]),
          size: 2,
          shape: [28, 28, 1],
        }),
      );
      const loader: LoaderLike = {
        length: 3,
        async *[Symbol.asyncIterator]() {
          yield* batches;
        },
      };
      const optimizer = new Adam({ lr: 1e-2 });
      const callbacks = [new StochasticWeightAveraging({ start: 1 })];
      const trainer = new Trainer({
        ...{ model, optimizer, loss: nll, generator, callbacks, limitTrainBatches },
        engine: 'plan',
      });
      await trainer.fit(loader, { epochs: 2 });
      await trainer.dispose();
      const [means, variances] = tf.tidy(() => {
        const conv = tfl.model({
          inputs: model.inputs,
          outputs: model.getLayer('conv1').output as tfl.SymbolicTensor,
        });
        const each = batches.slice(0, seen).map(({ images }) => {
          const outputs = conv.predict(tf.tensor4d(images, [2, 28, 28, 1])) as tf.Tensor4D;
          const { mean, variance } = tf.moments(outputs, [0, 1, 2]);
          const count = 2 * 784;
          return { mean, variance: tf.mul(variance, count / (count - 1)) };
        });
        const average = (tensors: tf.Tensor[]) => tf.div(tf.addN(tensors), tensors.length).dataSync().slice();
        return [average(each.map(({ mean }) => mean)), average(each.map(({ variance }) => variance))];
      });
      const [movingMean, movingVariance] = model
        .getLayer('bn1')
        .nonTrainableWeights.map((weight) => weight.read().dataSync());
      expectClose(movingMean, means, 5);
      expectClose(movingVariance, variances, 5);
    },
  );

  test('ends on a loader without end, after as many batches as an epoch has', async () => {
    let closed = 0;
    async function* batches(): AsyncGenerator<Batch, void> {
      try {
        for (;;) yield* train() as AsyncIterable<Batch>;
      } finally {
        closed++;
      }
    }
    const endless: LoaderLike = { [Symbol.asyncIterator]: batches };
    const model = convNet({ channels: [2], poolAfter: [], inputShape: [2, 2, 1], classes: 3 });
    const trainer = new Trainer({
      ...{ model, optimizer: new Adam({ lr: 1e-3 }), loss: nll, engine: 'eager', limitTrainBatches: 2 },
      callbacks: [new StochasticWeightAveraging({ start: 1 })],
    });
    await trainer.fit(endless, { epochs: 2 });
    await trainer.dispose();
    // Two epochs and the pass over the statistics.
    expect(closed).toBe(3);
  });

  test('names bad options', () => {
    expect(() => new StochasticWeightAveraging({ start: 1.5 })).toThrow(
      '`start` must be an epoch number, or a fraction',
    );
    expect(() => new StochasticWeightAveraging({ lr: -1 })).toThrow(InvalidArgumentError);
  });
});
