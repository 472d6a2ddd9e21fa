// The worker of tests of TrainingClient: a small net on real digits, with settings that let it go wrong in many ways.
import { createHash } from 'node:crypto';
import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import { ModelCheckpoint, Trainer } from '@mnist-kit/trainer';
import { hostTraining } from '@mnist-kit/trainer/worker';

const range = (from, to) => Int32Array.from({ length: to - from }, (_, i) => from + i);
const transform = T.normalize({ mean: 0.1307, std: 0.3081 });
const digits = await mnist({ split: 'test' });
const alive = new Set();

class NamedError extends RangeError {
  name = 'NamedError';
  code = 42;
  unsendable = () => {};
}

hostTraining({
  async prepare(settings, context) {
    const { epochs = 1, threads = 1, dir, resume, samples = 500, maxSteps, fail } = settings;
    if (fail === 'prepare')
      throw new InvalidArgumentError('samples', 'must be fewer', samples, { cause: new Error('first') });
    if (fail === 'nothing') return undefined;
    if (fail === 'unknown') return { trainer: undefined, train: undefined, option: {} };
    if (fail === 'wait')
      await new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(new Error('gone'))),
      );
    context.send({ loaded: digits.length });
    const generator = new Generator(1);
    const train = new DataLoader(new Subset(digits, range(0, samples)), {
      ...{ batchSize: 50, shuffle: true, transform, generator, prefetch: threads > 1 },
    });
    const val = new DataLoader(new Subset(digits, range(500, 700)), { batchSize: 50, transform });
    const model = convNet({ channels: [4, 4], poolAfter: [1], dropout: 0.1, generator });
    const optimizer = new Adam({ lr: 1e-2 });
    const trainer = new Trainer({
      ...{ model, optimizer, generator, threads, maxSteps, loss: nllLoss() },
      log: context.log,
      warn: context.warn,
      callbacks: [
        ...(dir === undefined ? [] : [new ModelCheckpoint({ dir })]),
        {
          name: 'mistake',
          onTrainBatchEnd: (run) => {
            if (fail === 'step' && run.batch === 2)
              throw new NamedError('lost', { cause: new TypeError('deeper') });
          },
        },
      ],
    });
    alive.add(trainer);
    const { dispose } = trainer;
    trainer.dispose = () => {
      alive.delete(trainer);
      return dispose.call(trainer);
    };
    return { trainer, train, options: { val, epochs, resume }, own: { optimizer } };
  },
  calls: {
    exit: () => process.exit(7),
    predict: (pixels, fit) => fit.predict(pixels),
    where: (_, { run, settings }) => ({ step: run.step, epoch: run.epoch, settings }),
    setRate: (lr, { own }) => {
      own.optimizer.lr = lr;
    },
    echo: (value) => value,
    alive: () => alive.size,
    unsendable: () => () => {},
    fail: () => {
      throw new NamedError('asked for');
    },
    async weights(_, { trainer }) {
      const hash = createHash('sha256');
      for (const { data } of Object.values(await (await trainer.executor()).readWeights())) hash.update(data);
      return hash.digest('hex');
    },
    hang: () => {
      while (true);
    },
  },
});
