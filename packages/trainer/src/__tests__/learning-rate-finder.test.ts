import { type Batch, Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  type BatchIterator,
  type Callback,
  GradientClipping,
  type LoaderLike,
  type OptimizerLike,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll, sgd } from './parts.js';

// Every fourth label is wrong: a separable set would not diverge.
const samples = threeClasses(40).map(({ pixels, label }, i) => ({
  pixels,
  label: i % 4 === 0 ? (label + 1) % 3 : label,
}));

function setup(options: Partial<TrainerOptions> & { optimizer?: OptimizerLike } = {}) {
  const generator = new Generator(2);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const optimizer = options.optimizer ?? momentum(0.1);
  const trainer = new Trainer({ model, executor, loss: nll, generator, ...options, optimizer });
  const train = () => new ListLoader(samples, { generator, noise: 0.5 });
  return { generator, model, executor, optimizer, trainer, train };
}

/** Notes the rate and parameters of every update of an optimizer. */
function spied(optimizer: OptimizerLike): { rates: number[]; gradients: number[][] } {
  const seen = { rates: [] as number[], gradients: [] as number[][] };
  const step = optimizer.step.bind(optimizer);
  optimizer.step = (parameters) => {
    seen.rates.push(optimizer.lr);
    seen.gradients.push(Array.from(parameters[0].gradient));
    step(parameters);
  };
  return seen;
}

test('sweeps the learning rate by a constant factor and suggests where the loss falls', async () => {
  const { trainer, train } = setup();
  const sweep = await trainer.findLearningRate(train(), { minLr: 1e-4, maxLr: 1e4, steps: 81 });
  const { lrs, losses, smoothed, suggestion, reason, diverged } = sweep;
  expect(lrs[0]).toBe(1e-4);
  for (let i = 1; i < lrs.length; i++) expect(lrs[i] / lrs[i - 1]).toBeCloseTo(10 ** (8 / 80), 6);
  expect(losses[0]).toBeCloseTo(Math.log(3), 4);
  expect(losses).toHaveLength(lrs.length);
  expect(smoothed).toHaveLength(lrs.length);
  // It stops where the loss has gone up again, long before 1e4.
  expect(lrs.length).toBeLessThan(81);
  expect(diverged).toBe(true);
  expect(reason).toBeUndefined();
  expect(suggestion).toBeGreaterThan(1e-3);
  expect(suggestion).toBeLessThan(100);
});

test('grows the rate by a constant amount in linear mode', async () => {
  const { trainer, train } = setup();
  const { lrs, diverged } = await trainer.findLearningRate(train(), {
    ...{ minLr: 0.1, maxLr: 0.2, steps: 11, mode: 'linear' },
  });
  expect(diverged).toBe(false);
  for (const [i, lr] of lrs.entries()) expect(lr).toBeCloseTo(0.1 + 0.01 * i, 12);
});

test.each([1, 2, 4, 7])(
  'grows the rate once per update of %i batches, with the mean of their losses',
  async (batches) => {
    const { trainer, train, optimizer } = setup({ optimizer: sgd(0.1), accumulateGradBatches: batches });
    const seen = spied(optimizer);
    const { lrs, losses } = await trainer.findLearningRate(train(), { minLr: 1e-5, maxLr: 1e-2, steps: 20 });
    expect(lrs).toHaveLength(20);
    expect(seen.rates).toEqual(lrs);
    expect(lrs[0]).toBe(1e-5);
    expect(lrs[19]).toBeCloseTo(1e-2, 12);

    // An epoch of 10 batches ends with a smaller update where they do not divide.
    const plain = setup({ optimizer: sgd(1e-5) });
    const reports: number[] = [];
    const spy: Callback = { onTrainBatchEnd: (_, { loss }) => void reports.push(loss) };
    const watched = new Trainer({
      ...{ model: plain.model, executor: plain.executor, loss: nll, generator: plain.generator },
      ...{ optimizer: plain.optimizer, accumulateGradBatches: batches, callbacks: [spy], maxSteps: 1 },
    });
    await watched.fit(plain.train());
    expect(reports).toHaveLength(batches);
    expect(losses[0]).toBeCloseTo(reports.reduce((sum, loss) => sum + loss) / batches, 12);
  },
);

test('reports the mean loss per sample of a loss that sums', async () => {
  const sums = Object.assign((...args: Parameters<typeof nll>) => nll(...args), {
    ...{ reduction: 'sum' as const, softTargets: nll.softTargets },
  });
  const { trainer, train } = setup({ loss: sums });
  const { losses } = await trainer.findLearningRate(train(), { steps: 10 });
  expect(losses[0]).toBeCloseTo(Math.log(3), 4);
});

test('goes through the loader as often as it takes, with or without a length', async () => {
  const { trainer, train } = setup();
  const loader = train();
  const bare: LoaderLike = { [Symbol.asyncIterator]: () => loader[Symbol.asyncIterator]() };
  const expected = await trainer.findLearningRate(loader, { steps: 47, maxLr: 1e-2 });
  expect(expected.lrs).toHaveLength(47);
  const again = setup();
  const own = again.train();
  const unknown: LoaderLike = {
    [Symbol.asyncIterator]: () => own[Symbol.asyncIterator](),
    generator: again.generator,
  };
  expect(await again.trainer.findLearningRate(unknown, { steps: 47, maxLr: 1e-2 })).toEqual(expected);
  // A loader that is one batch long, and a generator function.
  expect(
    (await trainer.findLearningRate(new ListLoader(samples, { batchSize: 40 }), { steps: 30, maxLr: 0.1 }))
      .lrs,
  ).toHaveLength(30);
  expect((await trainer.findLearningRate(bare, { steps: 30, maxLr: 0.1 })).lrs).toHaveLength(30);
  const endless: LoaderLike = {
    async *[Symbol.asyncIterator]() {
      let epochs = 0;
      while (++epochs < 1000) for await (const batch of loader as AsyncIterable<Batch>) yield batch;
    },
  };
  expect((await trainer.findLearningRate(endless, { steps: 30, maxLr: 0.1 })).lrs).toHaveLength(30);
});

test('trains on the batches that overfitBatches and limitTrainBatches leave', async () => {
  for (const limit of [{ overfitBatches: 2 }, { limitTrainBatches: 2 }]) {
    const { trainer, generator } = setup(limit);
    const loader = new ListLoader(samples, { generator, noise: 0.5 });
    const seen = new Set<string>();
    const iterate = loader[Symbol.asyncIterator].bind(loader);
    loader[Symbol.asyncIterator] = () => {
      const iterator = iterate();
      return {
        ...iterator,
        next: async () => {
          const next = await iterator.next();
          if (!next.done) seen.add(String(next.value.indices![0]));
          return next;
        },
      } as BatchIterator;
    };
    await trainer.findLearningRate(loader, { steps: 20 });
    expect([...seen]).toEqual(['0', '4']);
  }
});

test('clips gradients as the fit will, and runs no other callback', async () => {
  const loud: Callback = {
    onFitStart: () => expect.unreachable(),
    onTrainBatchEnd: () => expect.unreachable(),
    onFitEnd: () => expect.unreachable(),
  };
  for (const options of [
    { gradientClip: { value: 1e-3 } },
    { callbacks: [new GradientClipping({ value: 1e-3 }), loud] },
  ]) {
    const { trainer, train, optimizer } = setup(options);
    const { gradients } = spied(optimizer);
    await trainer.findLearningRate(train(), { steps: 20 });
    expect(Math.max(...gradients.flat().map(Math.abs))).toBeCloseTo(1e-3, 9);
  }
});

test('neither steps a scheduler nor heeds what ends or watches a fit', async () => {
  const scheduler = {
    ...{ lr: 0.1, interval: 'step' as const, state: () => ({}), loadState: () => {} },
    step: () => expect.unreachable(),
  };
  const lines: string[] = [];
  const { trainer, train } = setup({
    ...{
      scheduler,
      maxSteps: 3,
      maxTime: { seconds: 1e-9 },
      detectAnomaly: true,
      profiler: true,
      fastDevRun: true,
    },
    ...{ valEvery: 0.25, numSanityValSteps: 2, log: (line: string) => void lines.push(line) },
  });
  const { lrs } = await trainer.findLearningRate(train(), { maxLr: 1e38, steps: 200, divergence: Infinity });
  expect(lrs.length).toBeGreaterThan(150);
  expect(lines).toEqual([]);
});

test('gives the reason where it suggests nothing', async () => {
  const { trainer, train } = setup();
  const flat = await trainer.findLearningRate(train(), { minLr: 1e-9, maxLr: 1e-7 });
  expect(flat.suggestion).toBeUndefined();
  expect(flat.reason).toMatch(/did not fall by more than its noise.*larger `maxLr`/);
  const wild = await trainer.findLearningRate(train(), { minLr: 1e3, maxLr: 1e4 });
  expect(wild.suggestion).toBeUndefined();
  expect(wild.diverged).toBe(true);
  expect(wild.reason).toContain('lower `minLr`');
});

test('an abort ends it, and the curve so far has no suggestion', async () => {
  const { trainer, train, optimizer, executor } = setup();
  const controller = new AbortController();
  const step = optimizer.step.bind(optimizer);
  let steps = 0;
  optimizer.step = (parameters) => {
    step(parameters);
    if (++steps === 50) controller.abort();
  };
  const sweep = await trainer.findLearningRate(train(), { signal: controller.signal });
  expect(sweep.lrs).toHaveLength(50);
  expect(sweep.suggestion).toBeUndefined();
  expect(sweep.reason).toMatch(/interrupted \(.+\) after 50 of 100 updates/);
  expect(executor.parameters.every(({ value }) => value.every((x) => x === 0))).toBe(true);
});

test('does not run beside a fit or another sweep', async () => {
  const { trainer, train } = setup();
  const fit = trainer.fit(train());
  await expect(trainer.findLearningRate(train())).rejects.toThrow(
    '`findLearningRate` must not be called while a fit is running',
  );
  expect((await fit).epochs).toHaveLength(1);
  const sweep = trainer.findLearningRate(train());
  await expect(trainer.findLearningRate(train())).rejects.toThrow('while `findLearningRate` is running');
  await expect(trainer.fit(train())).rejects.toThrow('while `findLearningRate` is running');
  expect((await sweep).lrs.length).toBeGreaterThan(10);
  expect((await trainer.fit(train())).epochs).toHaveLength(1);
});

test('names bad options', async () => {
  const { trainer, train } = setup();
  const refused = async (options: object, message: string) => {
    await expect(trainer.findLearningRate(train(), options)).rejects.toThrow(InvalidArgumentError);
    await expect(trainer.findLearningRate(train(), options)).rejects.toThrow(message);
  };
  await refused({ minLr: 0 }, '`minLr` must be above 0');
  await refused({ minLr: 1, maxLr: 1 }, '`maxLr` must be above minLr');
  await refused({ maxLr: Number.NaN }, '`maxLr` must be above minLr');
  await refused({ steps: 3 }, '`steps` must be an integer of at least 10');
  await refused({ steps: 20, skipBegin: 18 }, '`skipBegin` must leave at least 3 of 20 steps');
  await refused({ steps: 20, skipBegin: 1, skipEnd: 17 }, '`skipEnd` must leave at least 3 of 20 steps');
  await refused({ divergence: 1 }, '`divergence` must be above 1');
  await refused({ mode: 'log' }, "`mode` must be 'exponential' or 'linear'");
  await refused({ method: 'valley' }, "`method` must be 'middle' or 'steepest'");
  await refused({ max_lr: 1 }, 'did you mean `maxLr`');
  await refused({ numSteps: 50 }, 'did you mean `steps`');
  await refused({ earlyStopThreshold: 4 }, 'did you mean `divergence`');
});

test('refuses groups whose proportion to a base rate of 0 is unknown', async () => {
  const optimizer = Object.assign(sgd(0), { groups: [{ lr: 0 }, { lr: 0.1 }] });
  const { trainer, train } = setup({ optimizer });
  await expect(trainer.findLearningRate(train())).rejects.toThrow('`optimizer.lr` must be above 0');
  // A warm-up that starts at 0 is no reason to refuse.
  expect((await setup({ optimizer: sgd(0) }).trainer.findLearningRate(train())).suggestion).toBeGreaterThan(
    0,
  );
});
