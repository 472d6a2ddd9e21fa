import { createHash } from 'node:crypto';
import { type Batch, Generator } from '@mnist-kit/core';
import { nllLoss } from '@mnist-kit/losses';
import { optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import { type LoaderLike, Trainer } from '@mnist-kit/trainer';
import { trainLoader } from '../sessions/data.js';
import type { Step } from './curve.js';
import type { CurveOptions } from './pytorch-curve.js';

/** The notebook's first experiment here, by the same Trainer that users run. */
export async function ourCurve(options: CurveOptions & { engine: 'plan' | 'eager' }): Promise<Step[]> {
  const { steps, seed, threads, root, engine } = options;
  const generator = new Generator(seed);
  const model = optimizedNet({ generator });
  const loader = await trainLoader(root, 128, generator);
  const pixels: string[] = [];
  const losses: number[] = [];
  const trainer = new Trainer({
    ...{ model, generator, engine, threads, maxSteps: steps, log: () => {} },
    loss: nllLoss(),
    optimizer: new Adam({ lr: 1e-3, weightDecay: 1e-4 }),
    callbacks: [{ onTrainBatchEnd: (_run, { loss }) => void losses.push(loss) }],
  });
  try {
    const noted = noteBatches(loader, ({ images }) => void pixels.push(hash(images)));
    await trainer.fit(noted, { epochs: Math.ceil(steps / loader.length) });
  } finally {
    await trainer.dispose();
    await loader.dispose();
    model.dispose();
  }
  return losses.map((loss, i) => ({ loss, pixels: pixels[i] }));
}

const hash = (images: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(images.buffer, images.byteOffset, images.byteLength))
    .digest('hex');

/** A loader that shows its batches as they are taken. */
function noteBatches(loader: LoaderLike, note: (batch: Batch) => void): LoaderLike {
  return {
    length: loader.length,
    batchSize: loader.batchSize,
    [Symbol.asyncIterator]: () => {
      const iterator = loader[Symbol.asyncIterator]();
      return {
        next: async () => {
          const next = await iterator.next();
          if (!next.done) note(next.value);
          return next;
        },
        return: async () => iterator.return?.(),
        prefetch: () => iterator.prefetch?.(),
      };
    },
  };
}
