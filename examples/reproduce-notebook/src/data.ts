import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, Subset, transforms as T } from '@mnist-kit/datasets';
import { SHARED } from './experiments.js';
import type { Options } from './options.js';

/** The loaders of one experiment. */
export interface Loaders {
  train: DataLoader;
  /** Augmented, as in the notebook: both halves of its split share one transform. */
  val: DataLoader;
  /** The same images as they are. */
  valClean: DataLoader;
  test: DataLoader;
  trainSamples: number;
  valSamples: number;
}

/**
 * Splits MNIST as the notebook does. `generator` plays PyTorch's global one: order and augmentation come from it.
 */
export async function loadData(options: Options, generator: Generator): Promise<Loaders> {
  const root = options.root ?? undefined;
  const normalize = T.normalize({ mean: SHARED.mean, std: SHARED.std });
  const augment = T.compose([
    T.randomRotation(SHARED.rotation),
    T.randomAffine({ degrees: 0, translate: [...SHARED.translate] }),
    normalize,
  ]);

  const [trainHalf, valSet] = randomSplit(
    await mnist({ split: 'train', root }),
    [...SHARED.split],
    new Generator(options.splitSeed),
  );
  const trainSet =
    options.trainSamples === null
      ? trainHalf
      : new Subset(
          trainHalf,
          Int32Array.from({ length: options.trainSamples }, (_, index) => index),
        );
  const testSet = await mnist({ split: 'test', root });
  const { batchSize } = SHARED;
  return {
    train: new DataLoader(trainSet, { batchSize, shuffle: true, transform: augment, generator }),
    val: new DataLoader(valSet, { batchSize, transform: augment, generator }),
    // No generator: the clean pass, which the notebook does not have, must not move the random stream.
    valClean: new DataLoader(valSet, { batchSize, transform: normalize }),
    test: new DataLoader(testSet, { batchSize, transform: normalize }),
    trainSamples: trainSet.length,
    valSamples: valSet.length,
  };
}
