import { Generator } from '@mnist-kit/core';
import { DataLoader, type Dataset, mnist, randomSplit, Subset, transforms as T } from '@mnist-kit/datasets';
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
  /** Ends the loaders' threads. */
  dispose(): Promise<void>;
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

  const [trainHalf, valHalf] = randomSplit(
    await mnist({ split: 'train', root }),
    [...SHARED.split],
    new Generator(options.splitSeed),
  );
  const trainSet = firstOf(trainHalf, options.trainSamples);
  const valSet = firstOf(valHalf, options.evalSamples);
  const testSet = firstOf(await mnist({ split: 'test', root }), options.evalSamples);
  const { batchSize } = SHARED;
  const train = new DataLoader(trainSet, { batchSize, shuffle: true, transform: augment, generator });
  const val = new DataLoader(valSet, { batchSize, transform: augment, generator });
  // No generator: the clean pass, which the notebook does not have, must not move the random stream.
  const valClean = new DataLoader(valSet, { batchSize, transform: normalize });
  const test = new DataLoader(testSet, { batchSize, transform: normalize });
  return {
    train,
    val,
    valClean,
    test,
    trainSamples: trainSet.length,
    valSamples: valSet.length,
    dispose: async () => {
      await Promise.all([train, val, valClean, test].map((loader) => loader.dispose()));
    },
  };
}

/** The first so many samples; `null` for all of them. */
function firstOf(dataset: Dataset, count: number | null): Dataset {
  if (count === null) return dataset;
  return new Subset(
    dataset,
    Int32Array.from({ length: count }, (_, index) => index),
  );
}
