import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  type ArrayDataset,
  DataLoader,
  type DatasetSplit,
  fashionMnist,
  mnist,
  randomSplit,
  Subset,
  transforms as T,
} from '@mnist-kit/datasets';
import type { Config } from '../config/schema.js';

/** What a training reads. */
export interface TrainingData {
  readonly dataset: ArrayDataset;
  readonly train: DataLoader;
  readonly val: DataLoader | undefined;
  readonly trainSamples: number;
  readonly valSamples: number;
}

/** The images of a config's data set. */
export function openDataset({ data }: Pick<Config, 'data'>, split: DatasetSplit): Promise<ArrayDataset> {
  const { root, cacheDir, download, verify } = data;
  const load = data.kind === 'mnist' ? mnist : fashionMnist;
  return load({ split, root, cacheDir, download, verify });
}

/** The loader that measures: images as they are, normalised. */
export function evaluationLoader(config: Config, dataset: ArrayDataset | Subset): DataLoader {
  const transform = T.normalize(config.normalize as NonNullable<Config['normalize']>);
  return new DataLoader(dataset, { batchSize: config.evalBatchSize, transform });
}

/**
 * Training images, split and augmented as the config says.
 *
 * @param generator Where order and augmentation come from.
 * @throws InvalidArgumentError where there are fewer images than the config asks for; DataError without data.
 */
export async function loadTrainingData(config: Config, generator: Generator): Promise<TrainingData> {
  const dataset = await openDataset(config, 'train');
  const { validation, splitSeed, trainSamples } = config.data;
  const rest = dataset.length - validation;
  if (rest < 1)
    throw new InvalidArgumentError(
      'data.validation',
      `must leave some of the ${dataset.length} training images`,
      validation,
    );
  const [training, held] =
    validation === 0
      ? [dataset, undefined]
      : randomSplit(dataset, [rest, validation], new Generator(splitSeed));
  if (trainSamples !== undefined && trainSamples > rest)
    throw new InvalidArgumentError(
      'data.trainSamples',
      `must be at most ${rest}, which are left beside ${validation} to validate on`,
      trainSamples,
    );
  const chosen =
    trainSamples === undefined
      ? training
      : new Subset(
          training,
          Int32Array.from({ length: trainSamples }, (_, i) => i),
        );
  const train = new DataLoader(chosen, {
    batchSize: config.batchSize,
    shuffle: true,
    transform: T.compose([
      ...buildAugmentation(config),
      T.normalize(config.normalize as NonNullable<Config['normalize']>),
    ]),
    generator,
  });
  return {
    dataset,
    train,
    val: held === undefined ? undefined : evaluationLoader(config, held),
    trainSamples: chosen.length,
    valSamples: held?.length ?? 0,
  };
}

function buildAugmentation({ augmentation }: Config) {
  return augmentation.map(({ kind, ...options }) =>
    kind === 'randomRotation'
      ? T.randomRotation(options.degrees)
      : T.randomAffine(options as Parameters<typeof T.randomAffine>[0]),
  );
}
