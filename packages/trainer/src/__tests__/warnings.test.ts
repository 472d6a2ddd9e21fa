import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Generator } from '@mnist-kit/core';
import { crossEntropyLoss, labelSmoothingCrossEntropy, nllLoss } from '@mnist-kit/losses';
import { SGD, type SGDOptions } from '@mnist-kit/optim';
import { type Callback, TerminateOnNaN, Trainer, type TrainerOptions } from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

const run = promisify(execFile);
const script = fileURLToPath(new URL('children/slow-model.mjs', import.meta.url));

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });

/** A Trainer and what it warned of. */
function setup(options: Partial<TrainerOptions> = {}) {
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line);
  const executor = (model: tfl.LayersModel) => new LinearExecutor(model);
  const parts = { model: linearModel(), optimizer: sgd(0.5), loss: nll, executor, log: () => {}, warn };
  return { trainer: new Trainer({ ...parts, ...options }), warnings };
}

/** A model that the plan does not run. */
function separable(): tfl.LayersModel {
  return tfl.sequential({
    layers: [
      tfl.layers.separableConv2d({ name: 'apart', inputShape: [2, 2, 1], kernelSize: 1, filters: 2 }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3 }),
    ],
  });
}

describe('a model that the plan does not run', () => {
  test('is named once, with what to do, and none with engine: eager', async () => {
    const { trainer, warnings } = setup({ model: separable(), executor: undefined });
    await trainer.fit(train());
    await trainer.fit(train());
    await trainer.test(train());
    await trainer.dispose();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^The model runs on the eager engine, .*"apart" \(SeparableConv2D\)/);
    expect(warnings[0]).toContain("engine: 'eager' says that eager is meant");

    const asked = setup({ model: separable(), executor: undefined, engine: 'eager' });
    await asked.trainer.test(train());
    await asked.trainer.dispose();
    expect(asked.warnings).toEqual([]);
  });

  test.each(['auto', 'eager'])(
    'without the wasm backend is told about it on stderr, with engine: %s',
    async (engine) => {
      const { stdout, stderr } = await run(process.execPath, [script, engine]);
      expect(stdout).toBe('{"epochs":2}\n');
      const lines = stderr.split('\n').filter((line) => line.includes('wasm'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /slow cpu backend: install @tensorflow\/tfjs-backend-wasm, about ten times faster\.$/,
      );
      expect(lines[0].includes('"apart" (SeparableConv2D)')).toBe(engine === 'auto');
    },
  );
});

test('a model on the plan has no warning', async () => {
  const { trainer, warnings } = setup({ executor: undefined });
  await trainer.fit(train(), { val: train() });
  await trainer.dispose();
  expect(warnings).toEqual([]);
});

describe('the end of a model under a cross-entropy', () => {
  const dense = (activation?: string) =>
    tfl.layers.dense({ name: 'fc', units: 3, activation: activation as 'softmax' });
  const flatten = () => tfl.layers.flatten({ inputShape: [2, 2, 1] });
  const ending = (...layers: tfl.layers.Layer[]) => tfl.sequential({ layers: [flatten(), ...layers] });
  const nested = () =>
    tfl.sequential({
      layers: [flatten(), tfl.sequential({ layers: [tfl.layers.softmax({ inputShape: [4] })] })],
    });
  const functional = () => {
    const input = tfl.input({ shape: [2, 2, 1] });
    const logits = dense().apply(tfl.layers.flatten().apply(input)) as tfl.SymbolicTensor;
    return tfl.model({ inputs: input, outputs: tfl.layers.softmax().apply(logits) as tfl.SymbolicTensor });
  };

  test.each([
    ['softmax', () => ending(dense('softmax'))],
    ['softmax', () => ending(dense(), tfl.layers.activation({ activation: 'softmax' }))],
    ['softmax', () => ending(dense(), tfl.layers.softmax())],
    ['softmax', () => ending(dense('softmax'), tfl.layers.dropout({ rate: 0.5 }))],
    ['softmax', () => ending(dense('softmax'), tfl.layers.activation({ activation: 'linear' }))],
    ['softmax', nested],
    ['softmax', functional],
    ['sigmoid', () => ending(dense('sigmoid'))],
    ['hardSigmoid', () => ending(dense('hardSigmoid'))],
  ] as const)('is named when it is %s (%#)', async (activation, make) => {
    const model = make();
    const loss = crossEntropyLoss();
    const { trainer, warnings } = setup({ model, loss, executor: undefined, engine: 'eager' });
    await trainer.test(train());
    await trainer.test(train());
    await trainer.dispose();
    expect(warnings).toEqual([
      `The model ends in ${activation}, and crossEntropyLoss takes logits or log-probabilities: it applies a ` +
        'softmax of its own, so that the model learns slowly and its losses are no cross-entropies. Drop the ' +
        `${activation}, or use logSoftmax in its place.`,
    ]);
  });

  test('is named for each such loss, and for the one that evaluation reports by itself', async () => {
    for (const loss of [nllLoss(), labelSmoothingCrossEntropy(), undefined]) {
      const { trainer, warnings } = setup({ model: ending(dense('softmax')), loss });
      await (loss === undefined ? trainer.validate(train()) : trainer.fit(train()));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(loss?.name ?? 'crossEntropyLoss');
    }
  });

  test.each([
    ['logits', () => ending(dense())],
    [
      'log-probabilities',
      () => ending(dense(), tfl.layers.activation({ activation: 'logSoftmax' as 'softmax' })),
    ],
    ['a softmax further up', () => ending(tfl.layers.softmax(), dense())],
  ] as const)('is fine when it is %s', async (_, make) => {
    for (const loss of [nllLoss(), crossEntropyLoss()]) {
      const { trainer, warnings } = setup({ model: make(), loss });
      await trainer.fit(train());
      expect(warnings).toEqual([]);
    }
  });

  test('is fine under a loss of one’s own, which may take probabilities', async () => {
    const loss = (outputs: tf.Tensor2D, labels: tf.Tensor1D) =>
      tf.losses.logLoss(tf.oneHot(labels, 3), outputs) as tf.Scalar;
    const { trainer, warnings } = setup({ model: ending(dense('softmax')), loss });
    await trainer.test(train());
    expect(warnings).toEqual([]);
  });
});

describe('a parameter group', () => {
  const warned = async (groups: SGDOptions['groups'], model = linearModel()) => {
    const { trainer, warnings } = setup({ model, optimizer: new SGD({ lr: 0.5, groups }) });
    await trainer.fit(train());
    await trainer.fit(train());
    return warnings;
  };

  test('that takes no weight of the model is named once', async () => {
    expect(await warned([{ match: /bias$/, weightDecay: 0 }])).toEqual([]);
    const [warning, ...more] = await warned([
      { match: /bias$/, weightDecay: 0 },
      { match: /bn/, lr: 1 },
    ]);
    expect(warning).toMatch(
      /^No weight of the model is in groups\[1\] of the optimizer: .* fc\/kernel and fc\/bias\.$/,
    );
    expect(more).toEqual([]);
  });

  test('whose weights an earlier one takes is named', async () => {
    const both = await warned([{ match: /fc/ }, { match: /bias$/, weightDecay: 0 }]);
    expect(both).toEqual([expect.stringContaining('groups[1]')]);
  });

  test('of frozen weights is not: they may be freed', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.flatten({ inputShape: [2, 2, 1] }),
        tfl.layers.dense({ name: 'first', units: 4, trainable: false }),
        tfl.layers.dense({ name: 'second', units: 3 }),
      ],
    });
    const { trainer, warnings } = setup({
      model,
      executor: undefined,
      optimizer: new SGD({ lr: 0.5, groups: [{ match: /first/, lr: 0.1 }] }),
    });
    await trainer.fit(train());
    await trainer.dispose();
    expect(warnings).toEqual([]);
  });
});

describe('a loss that became NaN', () => {
  /** Spoils the weights in the second epoch. */
  const poison = (): Callback => ({
    onTrainBatchEnd: (run) => {
      if (run.epoch === 2) run.executor.parameters[0].value.fill(Number.NaN);
    },
  });

  test('is said once at the end of the fit, with what to do', async () => {
    const { trainer, warnings } = setup({ callbacks: [poison()] });
    const history = await trainer.fit(train(), { val: { val: train(), clean: train() }, epochs: 4 });
    expect(history.stopReason).toBe('epochs');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^trainLoss became NaN in epoch 2: /);
    for (const remedy of ['learning rate', 'gradientClip', 'detectAnomaly', 'TerminateOnNaN'])
      expect(warnings[0]).toContain(remedy);
  });

  test('is said for a fit that ends inside an epoch', async () => {
    const { trainer, warnings } = setup({ callbacks: [poison()], maxSteps: 5 });
    await trainer.fit(train(), { epochs: 4 });
    expect(warnings[0]).toMatch(/^trainLoss became NaN in epoch 2: /);
  });

  test('is said for a validation loader alone', async () => {
    const spoil: Callback = {
      onValidationStart: (run) => void run.executor.parameters[1].value.fill(Number.POSITIVE_INFINITY),
    };
    const { trainer, warnings } = setup({ callbacks: [spoil] });
    await trainer.fit(train(), { val: { clean: train() } });
    expect(warnings[0]).toMatch(/^cleanLoss became (NaN|Infinity) in epoch 1: /);
  });

  test('is said anew by a second fit, and not by one that is fine', async () => {
    const callbacks = [poison()];
    const { trainer, warnings } = setup({ callbacks });
    await trainer.fit(train(), { epochs: 2 });
    await trainer.fit(train(), { epochs: 1 });
    expect(warnings.map((line) => line.slice(0, 33))).toEqual([
      'trainLoss became NaN in epoch 2: ',
      'trainLoss became NaN in epoch 1: ',
    ]);
    const fine = setup();
    await fine.trainer.fit(train(), { val: train(), epochs: 3 });
    expect(fine.warnings).toEqual([]);
  });

  test('is left to TerminateOnNaN, which says it itself', async () => {
    const notes: string[] = [];
    const log = (line: string) => void notes.push(line);
    const { trainer, warnings } = setup({ callbacks: [poison(), new TerminateOnNaN()], log });
    await trainer.fit(train(), { epochs: 4 });
    expect(warnings).toEqual([]);
    expect(notes.join()).toContain('the loss is NaN in epoch 2');
  });

  test('is what the learning-rate finder looks for', async () => {
    const { trainer, warnings } = setup({ optimizer: sgd(1), generator: new Generator(1) });
    await trainer.findLearningRate(train(), { maxLr: 1e30, steps: 40 });
    expect(warnings).toEqual([]);
  });
});
