import { Generator } from '@mnist-kit/core';
import { crossEntropyLoss, nllLoss } from '@mnist-kit/losses';
import {
  type Callback,
  type MixupLike,
  type OptimizerLike,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

function setup({ calls = [], ...options }: Partial<TrainerOptions> & { calls?: string[] } = {}) {
  const model = linearModel();
  const executor = new LinearExecutor(model, calls);
  const trainer = new Trainer({ model, optimizer: sgd(0.5), loss: nll, executor, ...options });
  return { model, executor, trainer, calls };
}

describe('fit', () => {
  test('draws masks, prefetches, trains, updates, in this order', async () => {
    const calls: string[] = [];
    const { executor } = setup({ calls });
    const optimizer: OptimizerLike = { ...sgd(0.5), step: () => calls.push('step') };
    const trainer = new Trainer({ model: linearModel(), optimizer, loss: nll, executor });
    await trainer.fit(new ListLoader(threeClasses(6), { calls, batchSize: 4 }));
    expect(calls).toEqual([
      ...['next 0', 'drawMasks 4', 'prefetch', 'trainStep 4', 'step', 'parametersChanged'],
      ...['next 1', 'drawMasks 2', 'prefetch', 'trainStep 2', 'step', 'parametersChanged'],
      'syncModel',
    ]);
  });

  test('shares one random stream with the loader: pixels, masks, the next pixels', async () => {
    const generator = new Generator(7);
    const { executor, trainer } = setup({ generator });
    const train = new ListLoader(threeClasses(12), { generator });
    await trainer.fit(train, { epochs: 2 });
    const reference = new Generator(7);
    const words = Array.from({ length: 12 }, () => reference.randomUint32());
    expect(train.words).toEqual(words.filter((_, i) => i % 2 === 0));
    expect(executor.masks).toEqual(words.filter((_, i) => i % 2 === 1));
  });

  test('learns: loss falls, accuracy reaches 1, the model holds the weights', async () => {
    const { model, executor, trainer } = setup();
    const history = await trainer.fit(new ListLoader(threeClasses(60)), {
      val: new ListLoader(threeClasses(30)),
      epochs: 5,
    });
    const losses = history.values('trainLoss');
    expect(losses[4]).toBeLessThan(losses[0] / 3);
    expect(history.last).toMatchObject({ epoch: 5, step: 75, lr: 0.5, valAccuracy: 1, trainAccuracy: 1 });
    expect(history.stopReason).toBe('epochs');
    expect(model.weights[0].read().dataSync()).toEqual(executor.parameters[0].value);
  });

  test('weighs batches by their samples in the epoch means', async () => {
    const seen: { loss: number; accuracy: number; size: number }[] = [];
    const spy: Callback = {
      onTrainBatchEnd: (_, { loss, accuracy, size }) => void seen.push({ loss, accuracy, size }),
    };
    const { trainer } = setup({ callbacks: [spy] });
    const { last } = await trainer.fit(new ListLoader(threeClasses(10), { batchSize: 4 }));
    expect(seen.map(({ size }) => size)).toEqual([4, 4, 2]);
    expect(seen[0].loss).toBeCloseTo(Math.log(3), 6);
    const mean = (key: 'loss' | 'accuracy') => seen.reduce((sum, b) => sum + b[key] * b.size, 0) / 10;
    expect(last!.trainLoss).toBeCloseTo(mean('loss'), 12);
    expect(last!.trainAccuracy).toBeCloseTo(mean('accuracy'), 12);
  });

  test('a sum loss trains with scale 1 and is reported per sample', async () => {
    const { trainer } = setup({
      loss: Object.assign((...args: Parameters<typeof nll>) => nll(...args), {
        ...nll,
        reduction: 'sum' as const,
        softTargets: nll.softTargets,
      }),
      optimizer: sgd(0),
    });
    const history = await trainer.fit(new ListLoader(threeClasses(8)), {
      val: new ListLoader(threeClasses(7)),
    });
    expect(history.last!.trainLoss).toBeCloseTo(Math.log(3), 6);
    expect(history.last!.valLoss).toBeCloseTo(Math.log(3), 6);
  });

  test('a loss without soft targets runs as a function and gives the same weights', async () => {
    const plain = (outputs: tf.Tensor2D, labels: tf.Tensor1D) => nll(outputs, labels);
    const runs = [];
    for (const loss of [nll, plain]) {
      const before = tf.memory().numTensors;
      const { model, executor, trainer } = setup({ loss });
      const history = await trainer.fit(new ListLoader(threeClasses(12)), {
        val: new ListLoader(threeClasses(6)),
        epochs: 2,
      });
      runs.push({ weights: Array.from(executor.parameters[0].value), history });
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
    for (const [i, value] of runs[0].weights.entries()) expect(runs[1].weights[i]).toBeCloseTo(value, 5);
    expect(runs[1].history.last!.valLoss as number).toBeCloseTo(runs[0].history.last!.valLoss as number, 5);
  });

  test('mixup mixes the two targets and counts hits by their weights', async () => {
    const mixup: MixupLike = {
      mix: ({ size }) => ({ lambda: 0.75, partners: Array.from({ length: size }, (_, i) => size - 1 - i) }),
    };
    const results = [];
    for (const loss of [nll, (o: tf.Tensor2D, l: tf.Tensor1D) => nll(o, l)]) {
      const { executor, trainer } = setup({ mixup, loss });
      const { last } = await trainer.fit(new ListLoader(threeClasses(4)));
      results.push({ last: last!, gradient: Array.from(executor.parameters[1].gradient) });
    }
    // Labels 0 1 2 0 mixed with 0 2 1 0; untrained outputs tie, so class 0 is predicted: samples 0 and 3 hit.
    expect(results[0].last.trainAccuracy).toBeCloseTo(0.5, 12);
    const expected = [4 / 3 - 2, 4 / 3 - 1, 4 / 3 - 1].map((g) => g / 4);
    for (const { gradient } of results)
      for (const [i, g] of gradient.entries()) expect(g).toBeCloseTo(expected[i], 6);
  });

  test('measures several validation loaders under their names', async () => {
    const { trainer } = setup();
    const history = await trainer.fit(new ListLoader(threeClasses(12)), {
      val: { val: new ListLoader(threeClasses(6)), clean: new ListLoader(threeClasses(3)) },
    });
    expect(Object.keys(history.last!)).toEqual([
      ...['epoch', 'step', 'lr', 'trainLoss', 'trainAccuracy'],
      ...['valLoss', 'valAccuracy', 'cleanLoss', 'cleanAccuracy', 'seconds', 'itPerSecond'],
    ]);
  });

  test('ends after the step in which the signal aborts, and says so', async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const order: string[] = [];
    const { model, executor, trainer } = setup({
      log: (line: string) => lines.push(line),
      callbacks: [
        {
          onTrainBatchEnd: (run) => {
            if (run.step === 5) controller.abort();
          },
          onEpochEnd: () => void order.push('onEpochEnd'),
          onFitEnd: () => void order.push('onFitEnd'),
        },
      ],
    });
    const train = new ListLoader(threeClasses(12));
    const history = await trainer.fit(train, { epochs: 10, signal: controller.signal });
    expect(history).toMatchObject({ interrupted: true, stopReason: 'interrupted' });
    expect(history.epochs).toHaveLength(1);
    expect(order).toEqual(['onEpochEnd', 'onFitEnd']);
    expect(lines).toEqual(['Interrupted (aborted) in epoch 2 after batch 2 of 3.']);
    expect(train.closed).toBe(1);
    expect(model.weights[0].read().dataSync()).toEqual(executor.parameters[0].value);
  });

  test('an aborted signal trains nothing', async () => {
    const { trainer, calls } = setup({ log: () => {} });
    const history = await trainer.fit(new ListLoader(threeClasses(12)), { signal: AbortSignal.abort() });
    expect(history.interrupted).toBe(true);
    expect(calls).not.toContain('trainStep 4');
  });

  test('leaves no signal handlers behind', async () => {
    const before = ['SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name));
    const during: number[][] = [];
    const { trainer } = setup({
      callbacks: [
        {
          onEpochStart: () =>
            void during.push(['SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name))),
        },
      ],
    });
    await trainer.fit(new ListLoader(threeClasses(3)));
    expect(during).toEqual([before.map((count) => count + 1)]);
    expect(['SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name))).toEqual(before);
  });

  test('lets timers run while it trains', async () => {
    const { trainer } = setup();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const busy: Callback = {
      onTrainBatchEnd: () => {
        const until = performance.now() + 20;
        while (performance.now() < until);
      },
    };
    const slow = new Trainer({
      model: linearModel(),
      optimizer: sgd(0.1),
      loss: nll,
      executor: new LinearExecutor(linearModel()),
      callbacks: [busy],
    });
    await slow.fit(new ListLoader(threeClasses(40)));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    await trainer.dispose();
  });
});

describe('validate, test and predict', () => {
  test('agree with stock TensorFlow.js on the same model', async () => {
    const { model, trainer } = setup();
    const samples = threeClasses(10);
    await trainer.fit(new ListLoader(samples), { epochs: 2 });
    const pixels = samples.flatMap(({ pixels }) => pixels);
    const { outputs, predictions, labels, indices, size, classes } = await trainer.predict(
      new ListLoader(samples),
    );
    const [expected, loss] = tf.tidy(() => {
      const logits = model.predict(tf.tensor4d(pixels, [10, 2, 2, 1])) as tf.Tensor2D;
      return [
        logits.dataSync().slice(),
        nll(
          logits,
          tf.tensor1d(
            samples.map(({ label }) => label),
            'int32',
          ),
        ).dataSync()[0],
      ];
    });
    expect([size, classes]).toEqual([10, 3]);
    const logSoftmax = tf.tidy(() =>
      tf
        .logSoftmax(tf.tensor2d(outputs, [10, 3]))
        .dataSync()
        .slice(),
    );
    for (const [i, value] of logSoftmax.entries()) expect(value).toBeCloseTo(expected[i], 5);
    expect(Array.from(labels)).toEqual(samples.map(({ label }) => label));
    expect(Array.from(indices)).toEqual(samples.map((_, i) => i));
    const fromPixels = await trainer.predict(Float32Array.from(pixels));
    expect(fromPixels.predictions).toEqual(predictions);
    const result = await trainer.test(new ListLoader(samples));
    expect(result.testLoss).toBeCloseTo(loss, 5);
    const hits = predictions.filter((prediction, i) => prediction === labels[i]).length;
    expect(result.testAccuracy).toBe(hits / 10);
    const { valLoss, valAccuracy } = await trainer.validate(new ListLoader(samples));
    expect({ testLoss: valLoss, testAccuracy: valAccuracy }).toEqual(result);
  });

  test('see weights that were loaded into the model meanwhile', async () => {
    const { model, trainer } = setup();
    const samples = threeClasses(9);
    await trainer.fit(new ListLoader(samples), { epochs: 5 });
    expect((await trainer.test(new ListLoader(samples))).testAccuracy).toBe(1);
    const zeros = model.getWeights().map((weight) => tf.zerosLike(weight));
    model.setWeights(zeros);
    expect((await trainer.test(new ListLoader(samples))).testLoss).toBeCloseTo(Math.log(3), 6);
    tf.dispose(zeros);
  });

  test('report cross-entropy when the trainer has no loss', async () => {
    const model = linearModel();
    const trainer = new Trainer({ model, executor: (m) => new LinearExecutor(m) });
    expect(await trainer.test(new ListLoader(threeClasses(6)))).toEqual({
      testLoss: expect.closeTo(Math.log(3), 6),
      testAccuracy: expect.closeTo(1 / 3, 12),
    });
  });
});

test.each<[string, number[], number]>([
  // F.cross_entropy of each row with label 0.
  ['away from the label', [2, 1, Number.NEGATIVE_INFINITY], 0.31326165795326233],
  ['at the label', [Number.NEGATIVE_INFINITY, 1, 2], Number.POSITIVE_INFINITY],
  ['everywhere', new Array<number>(3).fill(Number.NEGATIVE_INFINITY), Number.NaN],
])('an output of -inf %s gives the loss that PyTorch gives', async (_, outputs, expected) => {
  for (const loss of [undefined, nllLoss(), crossEntropyLoss({ reduction: 'sum' })]) {
    const executor = new LinearExecutor(linearModel());
    executor.predict = () => Float32Array.from(outputs);
    const trainer = new Trainer({ model: linearModel(), executor, loss });
    const { testLoss } = await trainer.test(new ListLoader([{ pixels: [0, 0, 0, 0], label: 0 }]));
    if (Number.isFinite(expected)) expect(testLoss).toBeCloseTo(expected, 6);
    else expect(testLoss).toBe(expected);
  }
});

test('dispose frees the executor that the trainer made, and not one that it was given', async () => {
  const given = setup();
  await given.trainer.fit(new ListLoader(threeClasses(3)));
  await given.trainer.dispose();
  expect(given.executor.disposed).toBe(false);
  let made: LinearExecutor | undefined;
  const trainer = new Trainer({
    model: linearModel(),
    executor: (model) => {
      made = new LinearExecutor(model);
      return made;
    },
  });
  await trainer.test(new ListLoader(threeClasses(3)));
  await trainer.dispose();
  expect(made!.disposed).toBe(true);
  await expect(trainer.test(new ListLoader(threeClasses(3)))).rejects.toThrow(/dispose/);
});
