import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { crossEntropyLoss, mixup } from '@mnist-kit/losses';
import { improvedNet } from '@mnist-kit/models';
import { loadModel, saveModel } from '@mnist-kit/models/node';
import {
  Adam,
  AdamW,
  CosineAnnealingLR,
  ExponentialLR,
  OneCycleLR,
  type Optimizer,
  SGD,
  StepLR,
} from '@mnist-kit/optim';
import {
  ExponentialMovingAverage,
  type RunSnapshot,
  type SchedulerLike,
  StochasticWeightAveraging,
  Trainer,
} from '@mnist-kit/trainer';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';
import { fit, type Made, withoutTimes } from './resume-kit.js';

/** What each epoch's first step used, of fits of three steps an epoch. */
const perEpoch = (lrs: readonly number[]) => lrs.filter((_, i) => i % 3 === 0);

/** Goes on after the first epoch of `before`. */
async function goOn(before: Made, after: Made, override: string[], epochs = 4) {
  const { snapshots } = await fit(before, { epochs: 1 });
  return fit(after, { resume: { from: snapshots[1], override }, epochs });
}

describe('a new learning rate', () => {
  const adam = (lr: number): Made => ({ optimizer: () => new Adam({ lr }) });

  test('is used from the next step on, although the state holds the old one', async () => {
    expect(perEpoch((await goOn(adam(0.1), adam(0.02), ['optimizer.lr'])).lrs)).toEqual([0.02, 0.02, 0.02]);
    const { lrs } = await goOn({ optimizer: () => momentum(0.1) }, { optimizer: () => momentum(0.02) }, [
      'optimizer',
    ]);
    expect(perEpoch(lrs)).toEqual([0.02, 0.02, 0.02]);
    expect(perEpoch((await goOn(adam(0), adam(0.02), ['optimizer.lr'])).lrs)).toEqual([0.02, 0.02, 0.02]);
  });

  test.each<[string, (optimizer: Optimizer) => SchedulerLike]>([
    ['StepLR', (made) => new StepLR(made, { stepSize: 1, gamma: 0.5 })],
    ['CosineAnnealingLR', (made) => new CosineAnnealingLR(made, { tMax: 7 })],
    [
      'OneCycleLR, which has rates of its own',
      (made) => new OneCycleLR(made, { maxLr: 0.3, totalSteps: 20 }),
    ],
  ])(
    'goes through the rest of a schedule as if it had been there from the start: %s',
    async (_, scheduler) => {
      const whole = await fit({ ...adam(0.02), scheduler }, { epochs: 4 });
      const { lrs } = await goOn({ ...adam(0.1), scheduler }, { ...adam(0.02), scheduler }, ['optimizer.lr']);
      expect(lrs).toHaveLength(9);
      for (const [i, lr] of lrs.entries()) expect(lr).toBeCloseTo(whole.lrs[i + 3], 12);
    },
  );

  test('of a group, and its decay; a group of other parameters is a new one', async () => {
    const grouped = (match: RegExp, lr: number, weightDecay: number): Made => ({
      optimizer: () => new AdamW({ lr: 0.1, groups: [{ match, lr, weightDecay }] }),
      scheduler: (made) => new StepLR(made, { stepSize: 1, gamma: 0.5 }),
    });
    const before = grouped(/bias/, 0.4, 0);
    const one = await goOn(before, grouped(/bias/, 0.8, 0.3), ['optimizer.groups'], 2);
    expect((one.optimizer as Optimizer).groups).toMatchObject([
      { lr: 0.1 / 4, weightDecay: 0.01 },
      { lr: 0.8 / 4, weightDecay: 0.3 },
    ]);
    const two = await goOn(before, grouped(/kernel/, 0.8, 0.3), ['optimizer.groups'], 2);
    expect((two.optimizer as Optimizer).groups[1]).toMatchObject({ lr: 0.8 / 4, weightDecay: 0.3 });
  });
});

test('new decay, betas and momentum are used although the state holds the old ones', async () => {
  const adam = await goOn(
    { optimizer: () => new Adam({ lr: 0.1 }) },
    { optimizer: () => new Adam({ lr: 0.1, weightDecay: 0.3, betas: [0.5, 0.9] }) },
    ['optimizer'],
  );
  expect((adam.optimizer as Adam).groups[0].weightDecay).toBe(0.3);
  expect((adam.optimizer as Adam).momentum).toBe(0.5);
  // One step by hand, https://pytorch.org/docs/stable/generated/torch.optim.SGD.html.
  const sgd = (value: number): Made => ({ optimizer: () => new SGD({ lr: 0.1, momentum: value }) });
  const { snapshots } = await fit(sgd(0.9), { epochs: 1 });
  const resumed = await fit(
    { ...sgd(0.5), options: () => ({ maxSteps: 4 }) },
    { resume: { from: snapshots[1], override: ['optimizer.momentum'] } },
  );
  const kept = await fit({ ...sgd(0.9), options: () => ({ maxSteps: 4 }) }, { resume: snapshots[1] });
  const { tensors } = snapshots[1].optimizer as { tensors: Record<string, Float32Array> };
  const buffer = tensors['fc/bias.momentumBuffer'];
  // Of the same gradients: the weights differ by lr * (0.9 - 0.5) * buffer.
  for (const [i, value] of resumed.weights[1].entries())
    expect(value - kept.weights[1][i]).toBeCloseTo(0.1 * 0.4 * buffer[i], 6);
});

describe('a new scheduler', () => {
  test('with other options goes on from where the old one was', async () => {
    const exponential = (gamma: number): Made => ({
      scheduler: (made) => new ExponentialLR(made, { gamma }),
    });
    const { lrs } = await goOn(exponential(0.9), exponential(0.5), ['scheduler.gamma']);
    const expected = [0.1 * 0.9, 0.1 * 0.9 * 0.5, 0.1 * 0.9 * 0.5 * 0.5];
    for (const [i, lr] of perEpoch(lrs).entries()) expect(lr).toBeCloseTo(expected[i], 12);
  });

  const cosine: Made = { scheduler: (made) => new CosineAnnealingLR(made, { tMax: 9 }) };
  const oneCycle: Made = { scheduler: (made) => new OneCycleLR(made, { maxLr: 0.3, totalSteps: 20 }) };
  const step: Made = { scheduler: (made) => new StepLR(made, { stepSize: 1, gamma: 0.5 }) };
  test.each<[string, Made, Made]>([
    ['of another class', step, cosine],
    ['where there was none', {}, cosine],
    ['that steps with the optimizer', step, oneCycle],
    ['after one that moved the momentum too', oneCycle, step],
  ])('%s is put where it would be, had it been there from the start', async (_, before, after) => {
    const whole = await fit(after, { epochs: 4 });
    const resumed = await goOn(before, after, ['scheduler']);
    expect(resumed.lrs).toEqual(whole.lrs.slice(3));
    expect((resumed.optimizer as Adam).momentum).toBe((whole.optimizer as Adam).momentum);
  });

  test('none leaves the rate where it is', async () => {
    expect(perEpoch((await goOn(step, {}, ['scheduler'])).lrs)).toEqual([0.05, 0.05, 0.05]);
  });
});

test('another seed begins its stream: of the generator, and of mixup', async () => {
  const mixed = (seed: number): Made => ({ options: () => ({ mixup: mixup({ seed }) }) });
  const { snapshots } = await fit({ ...mixed(1), seed: 3 }, { epochs: 1 });
  const from = snapshots[1];
  const state = new Generator(9).state();
  const asIfSaved: RunSnapshot = {
    ...from,
    generators: { trainer: state, train: state },
    mixup: mixup({ seed: 2 }).state(),
    settings: undefined,
  };
  const after: Made = { ...mixed(2), seed: 9 };
  const expected = await fit(after, { resume: asIfSaved });
  const resumed = await fit(after, { resume: { from, override: ['generator', 'mixup.seed'] } });
  expect(resumed.weights).toEqual(expected.weights);
  expect(resumed.weights).not.toEqual((await fit({ ...mixed(1), seed: 3 }, { resume: from })).weights);
});

describe('how long a resumed fit is', () => {
  test.each([
    [1, 'inside', 'inside epoch 3, after 2 batches'],
    [2, 'inside', 'inside epoch 3, after 2 batches'],
    [2, 'snapshots', 'after epoch 3'],
  ] as const)('%s epochs %s of the third epoch are refused, as in Lightning', async (epochs, at, where) => {
    const first = await fit({}, { epochs: 3 });
    const attempt = fit({}, { resume: first[at][3], epochs });
    await expect(attempt).rejects.toThrow(InvalidArgumentError);
    await expect(attempt).rejects.toThrow(
      `\`epochs\` counts from the start of training and must be at least 3: the checkpoint is ${where}. Received: epochs=${epochs}`,
    );
  });

  test('as many epochs as were begun end with that one', async () => {
    const whole = await fit({}, { epochs: 3 });
    const inside = await fit({}, { resume: whole.inside[3], epochs: 3 });
    expect([inside.trained, inside.weights]).toEqual([1, whole.weights]);
    const after = await fit({}, { resume: whole.snapshots[3], epochs: 3 });
    expect([after.trained, after.weights]).toEqual([0, whole.weights]);
    expect(after.notes).toEqual(['All 3 epochs were trained already; ask for more epochs to go on.']);
  });

  test('fastDevRun does not resume', async () => {
    const { snapshots } = await fit({}, { epochs: 1 });
    const attempt = fit({ options: () => ({ fastDevRun: true }) }, { resume: snapshots[1] });
    await expect(attempt).rejects.toThrow('`fastDevRun` must be left out of a fit that resumes');
  });
});

describe('a snapshot', () => {
  test('is not changed by the fits that go on from it', async () => {
    const made: Made = {
      options: () => ({ mixup: mixup() }),
      scheduler: (o) => new StepLR(o, { stepSize: 1 }),
    };
    const { inside } = await fit(made, { epochs: 2 });
    const kept = structuredClone(inside[2]);
    const first = await fit(made, { resume: inside[2], epochs: 4 });
    expect(inside[2]).toEqual(kept);
    const second = await fit(made, { resume: inside[2], epochs: 4 });
    expect(second.weights).toEqual(first.weights);
    expect(withoutTimes(second.snapshots[4])).toEqual(withoutTimes(first.snapshots[4]));
  });

  test('that went through JSON, or lacks something, is refused', async () => {
    const { inside } = await fit({}, { epochs: 1 });
    const [, snapshot] = inside;
    const refusal = (change: object) => fit({}, { resume: { ...snapshot, ...change } });
    await expect(refusal(JSON.parse(JSON.stringify(snapshot)))).rejects.toThrow(CheckpointError);
    await expect(refusal(JSON.parse(JSON.stringify(snapshot)))).rejects.toThrow(
      'its weight fc/kernel is no Float32Array of 12 values. JSON does not keep typed arrays: keep a snapshot with structuredClone',
    );
    for (const part of ['weights', 'generators', 'history', 'meter', 'loader', 'callbacks'])
      await expect(refusal({ [part]: undefined })).rejects.toThrow(
        `The snapshot is damaged: it has no \`${part}\``,
      );
    await expect(refusal({ position: { ...snapshot.position, batch: -1 } })).rejects.toThrow(
      'position.batch',
    );
  });

  test('of before settings were kept resumes, and the fit says what it could not compare', async () => {
    const whole = await fit({});
    const { settings: _, ...old } = whole.snapshots[1];
    const resumed = await fit({}, { resume: old });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.notes).toEqual([
      'The checkpoint is from before settings were kept: options of the model, optimizer, scheduler, mixup, loss, ' +
        'callbacks and transforms, the data and the seeds could not be compared.',
    ]);
    const other = await fit({ options: () => ({ accumulateGradBatches: 3 }) }, { resume: old });
    expect(other.notes[0]).toMatch(/ These differ: accumulateGradBatches unset, now 3\.$/);
    await expect(fit({ scheduler: (o) => new StepLR(o, { stepSize: 1 }) }, { resume: old })).rejects.toThrow(
      'The checkpoint was written without a scheduler; make the Trainer as it was.',
    );
  });
});

describe('a loader of one’s own', () => {
  const own = (samples: number, stateful: boolean, batchSize = 2): Made => ({
    train: (generator) =>
      new ListLoader(threeClasses(samples), { batchSize, generator, noise: 0.3, stateful }),
  });

  test.each([true, false])(
    'goes on inside an epoch, and not where it has become another (state: %s)',
    async (state) => {
      const whole = await fit(own(12, state));
      const resumed = await fit(own(12, state), { resume: whole.inside[2] });
      expect(resumed.weights).toEqual(whole.weights);
      const override = ['train'];
      for (const other of [own(3, state), own(12, state, 4)])
        await expect(fit(other, { resume: { from: whole.inside[2], override } })).rejects.toThrow(
          /train\.(length|batchSize) was \d, and is \d: the checkpoint is inside epoch 2, of which 2 batches were taken/,
        );
      await fit(own(3, state), { resume: { from: whole.snapshots[1], override } });
      // Nothing but the batches that are left tells this of a checkpoint without settings.
      const old = { ...whole.inside[2], settings: undefined };
      await expect(fit(own(2, state), { resume: old })).rejects.toThrow(
        'The checkpoint is inside epoch 2, after 2 batches, but the training loader has only 1.',
      );
    },
  );
});

describe('one optimizer in two fits of a process', () => {
  /** Moves the rate as a scheduler of one's own does. */
  const halving = (optimizer: { lr: number }): SchedulerLike => ({
    get lr() {
      return optimizer.lr;
    },
    step() {
      optimizer.lr /= 2;
    },
    state: () => ({}),
    loadState() {},
  });

  test.each([
    ['of the library', () => new Adam({ lr: 0.4 })],
    ['of one’s own', () => momentum(0.4)],
  ])('%s: what its scheduler did is no change, and what the user writes is one', async (_, make) => {
    const generator = new Generator(3);
    const model = linearModel();
    const optimizer = make();
    const snapshots: RunSnapshot[] = [];
    const trainer = new Trainer({
      ...{ model, optimizer, generator, loss: nll, scheduler: halving(optimizer) },
      executor: new LinearExecutor(model),
      callbacks: [{ onSafePoint: async (run) => void snapshots.push(structuredClone(await run.snapshot())) }],
      log: () => {},
    });
    const train = new ListLoader(threeClasses(12), { generator });
    await trainer.fit(train, { epochs: 2 });
    expect(optimizer.lr).toBe(0.1);
    const last = snapshots[snapshots.length - 1];
    await trainer.fit(train, { epochs: 3, resume: last });
    expect(optimizer.lr).toBe(0.05);
    optimizer.lr = 0.7;
    await expect(trainer.fit(train, { epochs: 4, resume: last })).rejects.toThrow(
      'optimizer.lr was 0.4, and is 0.7',
    );
    optimizer.lr = 0.8;
    await trainer.fit(train, { epochs: 3, resume: { from: last, override: ['optimizer.lr'] } });
    expect(optimizer.lr).toBe(0.8 / 8);
  });
});

describe('another executor', () => {
  const net = (rate = 0.25, frozen = false): LayersModel => {
    const model = sequential({
      layers: [
        layers.conv2d({
          name: 'conv',
          inputShape: [2, 2, 1],
          filters: 4,
          kernelSize: 2,
          kernelInitializer: 'ones',
        }),
        layers.flatten(),
        ...(rate > 0 ? [layers.dropout({ name: 'drop', rate })] : []),
        layers.dense({ name: 'fc', units: 3, kernelInitializer: 'zeros' }),
        layers.activation({ activation: 'logSoftmax' as 'softmax' }),
      ],
    });
    if (frozen) model.layers[0].trainable = false;
    return model;
  };
  const on = (engine: 'plan' | 'eager', threads?: number, model = net()): Made => ({
    options: () => ({ model, loss: crossEntropyLoss(), executor: undefined, engine, threads }),
  });

  test('plan to eager and back is a choice; the number of threads is free, and gives the same bits', async () => {
    const whole = await fit(on('plan', 1));
    const [, first] = whole.snapshots;
    const more = await fit(on('plan', 2), { resume: first });
    expect(more.snapshots[2].weights).toEqual(whole.snapshots[2].weights);
    await expect(fit(on('eager'), { resume: first })).rejects.toThrow('\n  engine was plan, and is eager\n');
    const eager = await fit(on('eager'), { resume: { from: first, override: ['engine'] } });
    for (const [name, { data }] of Object.entries(eager.snapshots[2].weights))
      for (const [i, value] of data.entries())
        expect(value).toBeCloseTo(whole.snapshots[2].weights[name].data[i], 4);
    const back = await fit(on('plan'), {
      resume: { from: eager.snapshots[2], override: ['engine'] },
      epochs: 3,
    });
    expect(back.notes).toEqual(['Goes on with other settings, as asked: engine was eager, and is plan.']);
  });

  test('layers that drop more, are frozen or have become others', async () => {
    const { snapshots } = await fit(on('plan'), { epochs: 1 });
    const [, from] = snapshots;
    const attempt = (model: LayersModel, override: string[] = []) =>
      fit(on('plan', 1, model), { resume: { from, override } });
    await expect(attempt(net(0.5))).rejects.toThrow('\n  model.drop.rate was 0.25, and is 0.5\n');
    await attempt(net(0.5), ['model.drop']);
    await expect(attempt(net(0.25, true))).rejects.toThrow(
      '\n  model.conv.trainableWeights was 2, and is 0\n',
    );
    const { snapshots: after } = await attempt(net(0.25, true), ['model.conv.trainableWeights']);
    expect(after[2].weights['conv/kernel']).toEqual(from.weights['conv/kernel']);
    const averaging = (made: Made): Made => ({
      ...made,
      callbacks: () => [new ExponentialMovingAverage(), new StochasticWeightAveraging()],
    });
    const averaged = await fit(averaging(on('plan')), { epochs: 1 });
    await expect(
      fit(averaging(on('plan', 1, net(0.25, true))), {
        resume: { from: averaged.snapshots[1], override: ['model'] },
      }),
    ).rejects.toThrow(
      'model.conv.trainableWeights was 2, and is 0: the averages in the checkpoint are of other weights',
    );
    const wide = net(0);
    await expect(attempt(wide, ['model'])).rejects.toThrow(
      /\n {2}model\.drop was Dropout .*, and is none: it is another/,
    );
  });

  test('a model that was saved and loaded, or made again, is the same one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'same-model-'));
    const images = Float32Array.from({ length: 8 * 784 }, (_, i) => (i % 251) / 251);
    const data = () => arrayDataset({ images, labels: [0, 1, 2, 3, 4, 5, 6, 9], shape: [28, 28, 1] });
    const make = () => improvedNet({ generator: new Generator(1) });
    const made = (model: LayersModel): Made => ({
      ...on('plan', 1, model),
      data,
      val: (generator) => new DataLoader(data(), { generator, prefetch: false }),
    });
    const model = make();
    const { snapshots } = await fit(made(model), { epochs: 1 });
    await saveModel(model, folder);
    const loaded = await fit(made(await loadModel(folder)), { resume: snapshots[1] });
    const again = await fit(made(make()), { resume: snapshots[1] });
    expect(loaded.snapshots[2].weights).toEqual(again.snapshots[2].weights);
    rmSync(folder, { recursive: true });
  });
});
