// What is measured: OptimizedNet on augmented digits, in batches of 128, by the Trainer. The same in Node and in a page.
import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';

const BATCH = 128;
const PIXELS = 28 * 28;

/**
 * @typedef {object} Measured
 * @property {number} threads
 * @property {number} steps Of each epoch.
 * @property {number} epochs The first of which warms up.
 */

/** @param {Measured} settings */
export function makeTraining({ threads, steps, epochs }) {
  const random = new Generator(7);
  const samples = BATCH * steps;
  const dataset = arrayDataset({
    images: Uint8Array.from({ length: samples * PIXELS }, () => random.randomUint32() & 255),
    labels: Uint8Array.from({ length: samples }, (_, i) => i % 10),
    shape: [28, 28, 1],
  });
  const generator = new Generator(1);
  const transform = T.compose([T.randomRotation(10), T.normalize({ mean: 0.1307, std: 0.3081 })]);
  const train = new DataLoader(dataset, { batchSize: BATCH, shuffle: true, transform, generator });
  const trainer = new Trainer({
    ...{ model: optimizedNet({ generator }), optimizer: new Adam({ lr: 1e-3 }), loss: nllLoss(), generator },
    // A browser has no others.
    ...{ threads, vectors: 128, engine: 'plan' },
  });
  return { trainer, train, options: { epochs } };
}

/** Batches per second, of the epochs after the first. @param {import('@mnist-kit/trainer').HistoryRecords} history */
export const rates = ({ epochs }) => epochs.slice(1).map(({ itPerSecond }) => itPerSecond);
