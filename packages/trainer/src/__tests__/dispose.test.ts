import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { type Callback, Trainer, type TrainerOptions } from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

const setup = ({ model = linearModel(), ...options }: Partial<TrainerOptions> = {}) =>
  new Trainer({ model, optimizer: sgd(0.5), loss: nll, threads: 1, ...options });
const train = () => new ListLoader(threeClasses(12));
const weightsOf = (model: LayersModel) => model.getWeights().map((weight) => [...weight.dataSync()]);

test('after dispose every call is refused by name, and disposing again is not', async () => {
  for (const used of [true, false]) {
    const trainer = setup();
    if (used) await trainer.fit(train());
    await trainer.dispose();
    await trainer.dispose();
    for (const call of [
      async () => trainer.fit(train()),
      async () => trainer.findLearningRate(train()),
      async () => trainer.validate(train()),
      async () => trainer.test(train()),
      async () => trainer.predict(train()),
      async () => trainer.syncModel(),
      async () => trainer.executor(),
    ]) {
      await expect(call()).rejects.toThrow(InvalidArgumentError);
      await expect(call()).rejects.toThrow('`trainer` must not be used after `dispose`');
    }
  }
});

test('a Trainer whose executor could not be made can be disposed of', async () => {
  const trainer = setup({ executor: () => Promise.reject(new EngineError('no threads left')) });
  await expect(trainer.fit(train())).rejects.toThrow('no threads left');
  await expect(trainer.dispose()).resolves.toBeUndefined();
});

test.each(['plan', 'eager'] as const)(
  'disposing in the middle of a fit on %s ends it, and keeps what was learned',
  async (engine) => {
    const model = linearModel();
    const before = weightsOf(model);
    let steps = 0;
    let learned: number[][] = [];
    const leave: Callback = {
      async onOptimizerStepEnd() {
        steps++;
        if (steps !== 3) return;
        await trainer.dispose();
        learned = weightsOf(model);
      },
    };
    const trainer: Trainer = setup({ model, callbacks: [leave], executor: undefined, engine });
    await expect(trainer.fit(train(), { epochs: 5 })).rejects.toThrow(EngineError);
    expect(steps).toBe(3);
    expect(learned).not.toEqual(before);
    expect(weightsOf(model)).toEqual(learned);
  },
);

test('disposing while the executor is being made disposes of it', async () => {
  let made: LinearExecutor | undefined;
  const trainer = setup({
    executor: async (model) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      made = new LinearExecutor(model);
      return made;
    },
  });
  const fit = trainer.fit(train());
  await new Promise((resolve) => setTimeout(resolve, 5));
  await trainer.dispose();
  expect(made?.disposed).toBe(true);
  await fit.catch(() => {});
});

test('await using disposes at the end of the block, also when it throws', async () => {
  let kept: Trainer | undefined;
  const block = async (fails: boolean) => {
    await using trainer = setup();
    kept = trainer;
    await trainer.fit(train());
    if (fails) throw new Error('of the block');
  };
  await block(false);
  await expect(kept?.test(train())).rejects.toThrow('after `dispose`');
  await expect(block(true)).rejects.toThrow('of the block');
  await expect(kept?.test(train())).rejects.toThrow('after `dispose`');
});

test.each(['plan', 'eager'] as const)('an executor on %s is for await using, too', async (engine) => {
  const use = async () => {
    await using executor = await createExecutor(linearModel(), { engine });
    await executor.predict(new Float32Array(4), 1);
    return executor;
  };
  const executor = await use();
  expect(() => executor.drawMasks(1, undefined as never)).toThrow('This executor was disposed of');
});

test('Trainers one after another leave no tensor behind', async () => {
  const model = linearModel();
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    await setup({ model, executor: undefined, engine: i % 2 === 0 ? 'plan' : 'eager' }).fit(train());
    counts.push(tf.memory().numTensors);
  }
  expect(counts.slice(2)).toEqual([counts[1], counts[1]]);
});

test('forty Trainers that nobody disposes of take no more memory than ten, though optimizer, callbacks and histories stay', async () => {
  const program = fileURLToPath(new URL('children/forget-trainers.mjs', import.meta.url));
  const stdout = await new Promise<string>((resolve) =>
    execFile(process.execPath, [program], (_e, out) => resolve(out)),
  );
  const [ten, , , forty] = JSON.parse(stdout) as number[];
  // One of them takes more than 20 MiB.
  expect(forty - ten).toBeLessThan(200);
});
