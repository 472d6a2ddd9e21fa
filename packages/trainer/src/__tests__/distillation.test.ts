import { type Batch, Generator, InvalidArgumentError, ModelError } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { labelSmoothingCrossEntropy, nllLoss } from '@mnist-kit/losses';
import { compactNet } from '@mnist-kit/models';
import { AdamW } from '@mnist-kit/optim';
import {
  type Callback,
  type DistillationOptions,
  distillation,
  type RunSnapshot,
  Trainer,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';

const size = 16;
const inputShape = [8, 8, 1] as const;
const net = (seed: number, channels = 4, classes = 10) =>
  compactNet({
    blocks: [{ conv: channels }, 'maxPool'],
    inputShape,
    classes,
    generator: new Generator(seed),
  });
const images = new Generator(9).randn(size * 64);
const labels = Int32Array.from({ length: size }, (_, i) => i % 10);

/** One batch, again and again. */
const loader = {
  length: 1,
  batchSize: size,
  [Symbol.asyncIterator]() {
    const batches: Batch[] = [{ images, labels, size, shape: [...inputShape], indices: labels }];
    return { next: async () => ({ value: batches[0], done: batches.pop() === undefined }) };
  },
};

/** The teachers' mean probabilities by stock TensorFlow.js, mixed with the targets by hand. */
function target(
  teacher: ReturnType<typeof net> | readonly ReturnType<typeof net>[],
  own: Float32Array,
  { weight = 0.5, temperature = 1 },
) {
  return tf.tidy(() => {
    const answers = [teacher].flat().map((one) => {
      const outputs = one.predict(tf.tensor4d(images, [size, 8, 8, 1])) as tf.Tensor;
      return tf.softmax(tf.div(outputs, temperature));
    });
    const mixed = tf.add(
      tf.mul(weight, tf.mean(tf.stack(answers), 0)),
      tf.mul(1 - weight, tf.tensor2d(own, [size, 10])),
    );
    return mixed.dataSync<'float32'>();
  });
}

test.each([
  [1, {}],
  [1, { weight: 0.7, temperature: 2.5 }],
  [1, { weight: 1, temperature: 0.5 }],
  [1, { weight: 0 }],
  [3, { weight: 0.8, temperature: 2 }],
])('a step with %i teachers and %j has the gradients of the mixed target', async (teachers, options) => {
  const several = Array.from({ length: teachers }, (_, i) => net(10 + i, 6));
  const teacher = teachers === 1 ? several[0] : several;
  const model = net(2);
  const loss = labelSmoothingCrossEntropy({ smoothing: 0.1 });
  const own = (loss.softTargets as NonNullable<typeof loss.softTargets>)(labels, 10);
  const settings = { engine: 'plan', threads: 1, batchSize: size } as const;
  const plain = await createExecutor(model, settings);
  const distilling = await distillation({ teacher, ...options })(model, settings);

  const generator = new Generator(0);
  const step = { kind: 'softTargets', scale: 1 / size } as const;
  plain.drawMasks(size, generator);
  distilling.drawMasks(size, generator);
  const probabilities = target(teacher, own, options);
  const expected = await plain.trainStep(images, size, { ...step, probabilities });
  const given = own.slice();
  const got = await distilling.trainStep(images, size, { ...step, probabilities: given });

  expect(given).toEqual(own);
  expect(got.loss).toBeCloseTo(expected.loss, 6);
  for (const [i, { name, gradient }] of distilling.parameters.entries())
    for (const [j, value] of gradient.entries())
      expect(Math.abs(value - plain.parameters[i].gradient[j]), name).toBeLessThan(1e-6);
  await plain.dispose();
  await distilling.dispose();
});

test('with weight 1 a student learns what its teacher says and not what the labels are', async () => {
  const teacher = net(3);
  const model = net(4, 16);
  const trainer = new Trainer({
    model,
    optimizer: new AdamW({ lr: 0.03 }),
    loss: nllLoss(),
    executor: distillation({ teacher, weight: 1, temperature: 0.05 }),
    engine: 'plan',
    threads: 1,
  });
  expect((await trainer.executor()).description).toMatch(/^plan.*, teacher: plan/);
  await trainer.fit(loader, { epochs: 150 });
  const said = (outputs: Float32Array) =>
    Array.from({ length: size }, (_, i) => {
      const row = [...outputs.subarray(10 * i, 10 * i + 10)];
      return row.indexOf(Math.max(...row));
    });
  const { outputs } = await trainer.predict(images);
  const wanted = said(target(teacher, new Float32Array(size * 10), { weight: 1 }) as Float32Array);
  const agree = said(outputs as Float32Array).filter((digit, i) => digit === wanted[i]).length;
  expect(agree).toBeGreaterThan(12);
  await trainer.dispose();
});

test('a teacher of other classes or images is refused when training starts', async () => {
  const fit = (teacher: DistillationOptions['teacher']) =>
    new Trainer({
      model: net(1),
      optimizer: new AdamW({ lr: 0.01 }),
      loss: nllLoss(),
      executor: distillation({ teacher }),
      threads: 1,
    }).fit(loader);
  await expect(fit(net(2, 4, 9))).rejects.toThrow(ModelError);
  await expect(fit(net(2, 4, 9))).rejects.toThrow('8 x 8 x 1 to 9');
  const larger = compactNet({ blocks: [{ conv: 4 }], inputShape: [9, 8, 1] });
  await expect(fit(larger)).rejects.toThrow('Received: 9 x 8 x 1 to 10');
  await expect(fit([net(2), larger])).rejects.toThrow('Received: 9 x 8 x 1 to 10');
  expect(() => distillation({ teacher: [] })).toThrow(InvalidArgumentError);
});

test('a fit that resumes with another teacher, weight or temperature is refused by name', async () => {
  let saved: RunSnapshot | undefined;
  const keep: Callback = {
    async onSafePoint(run) {
      if (saved === undefined) saved = await run.snapshot();
    },
  };
  const fit = (options: DistillationOptions, resume?: RunSnapshot) =>
    new Trainer({
      model: net(1),
      optimizer: new AdamW({ lr: 0.01 }),
      loss: nllLoss(),
      executor: distillation(options),
      threads: 1,
      callbacks: [keep],
    }).fit(loader, { epochs: 2, resume });
  await fit({ teacher: net(2) });
  const before = saved as RunSnapshot;
  await expect(fit({ teacher: net(3) }, before)).rejects.toThrow('executor.teacher');
  await expect(fit({ teacher: net(2), weight: 0.6 }, before)).rejects.toThrow('executor.weight');
  await expect(fit({ teacher: net(2), temperature: 2 }, before)).rejects.toThrow('executor.temperature');
  await fit({ teacher: net(2), weight: 0.5 }, before);
});

test('a loss that is no cross-entropy is refused', async () => {
  const trainer = new Trainer({
    model: net(1),
    optimizer: new AdamW({ lr: 0.01 }),
    loss: (outputs: tf.Tensor2D) => tf.mean(tf.square(outputs)),
    executor: distillation({ teacher: net(2) }),
    threads: 1,
  });
  await expect(trainer.fit(loader)).rejects.toThrow(InvalidArgumentError);
  await expect(trainer.fit(loader)).rejects.toThrow('`loss`');
});

test.each<[string, object]>([
  ['teacher', { teacher: {} }],
  ['weight', { weight: 1.1 }],
  ['weight', { weight: Number.NaN }],
  ['temperature', { temperature: 0 }],
  ['temperature', { temperature: Number.POSITIVE_INFINITY }],
])('a bad %s is refused', (name, wrong) => {
  const make = () => distillation({ teacher: net(1), ...wrong } as DistillationOptions);
  expect(make).toThrow(InvalidArgumentError);
  expect(make).toThrow(`\`${name}\``);
});

test('an option that does not exist is refused', () => {
  const options = { teacher: net(1), temprature: 2 } as unknown as DistillationOptions;
  expect(() => distillation(options)).toThrow('(did you mean `temperature`?)');
});
