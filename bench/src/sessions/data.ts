import { type Batch, Generator } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, Subset, transforms as T } from '@mnist-kit/datasets';

/** Different batches, so that no cache serves the same pixels over and over. */
const BATCHES = 8;

const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });

const augment = T.compose([
  T.randomRotation(10),
  T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }),
  normalize,
]);

/** The notebook's augmented training loader: split with seed 42, order and augmentation from `generator`. */
export async function trainLoader(
  root: string,
  batchSize: number,
  generator: Generator,
): Promise<DataLoader> {
  const [train] = randomSplit(await mnist({ split: 'train', root }), [50_000, 10_000], new Generator(42));
  return new DataLoader(train, { batchSize, shuffle: true, transform: augment, generator });
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
