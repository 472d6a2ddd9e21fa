// The worker of worker.chromium.test.ts.
import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';
import { hostTraining } from '@mnist-kit/trainer/worker';

/** What the page asks for. */
export interface Settings {
  threads?: number;
  epochs?: number;
  engine?: 'plan' | 'auto';
  fail?: boolean;
}

const host = hostTraining({
  prepare({ threads = 2, epochs = 1, engine = 'plan', fail = false }: Settings, { log, warn }) {
    if (fail) throw new InvalidArgumentError('fail', 'must be false', fail);
    const data = new Generator(7);
    const dataset = arrayDataset({
      images: Uint8Array.from(data.uniform(64 * 784, 0, 256)),
      labels: Uint8Array.from({ length: 64 }, (_, i) => i % 10),
      shape: [28, 28, 1],
    });
    const generator = new Generator(1);
    const transform = T.compose([T.randomRotation(10), T.normalize({ mean: 0.5, std: 0.3 })]);
    const train = new DataLoader(dataset, { batchSize: 16, shuffle: true, transform, generator });
    const val = new DataLoader(dataset, { batchSize: 32, transform: T.normalize({ mean: 0.5, std: 0.3 }) });
    const model = convNet({ channels: [4, 6], poolAfter: [1], dropout: 0.25, generator });
    const optimizer = new Adam({ lr: 3e-3 });
    const trainer = new Trainer({ model, optimizer, loss: nllLoss(), generator, threads, engine, log, warn });
    return { trainer, train, options: { val, epochs } };
  },
  calls: {
    async weights(_argument: undefined, { trainer }) {
      const executor = await (trainer as Trainer).executor();
      return Object.values(await executor.readWeights()).map(({ data: values }) => values);
    },
    predict: (pixels: Float32Array, fit) => fit.predict(pixels),
    step: (_argument: undefined, { run }) => run?.step,
    die: () => self.close(),
  },
});

export type Host = typeof host;
