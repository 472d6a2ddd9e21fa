import { type Batch, Generator } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, Subset, transforms as T, type Transform } from '@mnist-kit/datasets';
import type { Augmentation } from '../works/work.js';

/** Different batches, so that no cache serves the same pixels over and over. */
const BATCHES = 8;

const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });

const affine = () => T.randomAffine({ degrees: 10, translate: [0.1, 0.1], scale: [0.9, 1.1], shear: 10 });

const augmentations: Readonly<Record<Augmentation, readonly Transform[]>> = {
  none: [],
  'rotation-shift': [T.randomRotation(10), T.randomAffine({ degrees: 0, translate: [0.1, 0.1] })],
  affine: [affine()],
  'two-affine': [affine(), affine()],
};

/** The notebook's training loader: split with seed 42, order and augmentation from `generator`. */
export async function trainLoader(
  root: string,
  batchSize: number,
  generator: Generator,
  augmentation: Augmentation = 'rotation-shift',
): Promise<DataLoader> {
  const [train] = randomSplit(await mnist({ split: 'train', root }), [50_000, 10_000], new Generator(42));
  const transform = T.compose([...augmentations[augmentation], normalize]);
  return new DataLoader(train, { batchSize, shuffle: true, transform, generator });
}

/** The first images, normalised and cut into batches that are ready to use, over and over. */
export async function firstBatches(root: string, batchSize: number): Promise<() => Batch> {
  const positions = Int32Array.from({ length: BATCHES * batchSize }, (_, i) => i);
  const images = new Subset(await mnist({ split: 'train', root }), positions);
  const loader = new DataLoader(images, { batchSize, transform: normalize, prefetch: false });
  const batches: Batch[] = [];
  for await (const batch of loader)
    batches.push({ ...batch, images: batch.images.slice(), labels: batch.labels.slice() });
  await loader.dispose();
  let next = 0;
  return () => batches[next++ % batches.length];
}
