import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, Subset, transforms as T } from '@mnist-kit/datasets';
import { crossEntropyLoss, labelSmoothingCrossEntropy } from '@mnist-kit/losses';
import { compactNet } from '@mnist-kit/models';
import { AdamW, Muon, OneCycleLR } from '@mnist-kit/optim';
import { StochasticWeightAveraging } from '@mnist-kit/trainer';
import type { Recipe } from './recipe.js';

const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });

/** Images of the training set that are held out while recipes are searched for. */
export const HELD_OUT = 10_000;
const TRAINING_SET = 60_000;
/** The same for every recipe and seed. */
const SPLIT_SEED = 42;

/** What is trained on, and what it is judged by. */
export type Judge = 'validation' | 'test';

/** The net of a recipe, its weights drawn from `generator`. */
export function buildNet({ net }: Recipe, generator: Generator) {
  const { kind: _, ...options } = net;
  return compactNet({ ...options, generator });
}

/** Training with `judge` validation leaves 10,000 images out and measures on those; with test it uses all 60,000. */
export async function loadData(
  { batchSize, augmentation }: Recipe,
  { judge, generator, trainSamples }: { judge: Judge; generator: Generator; trainSamples?: number },
): Promise<{ train: DataLoader; heldOut: DataLoader }> {
  const { degrees, translate, scale, shear } = augmentation;
  const affine = T.randomAffine({ degrees, translate: [translate, translate], scale, shear });
  const all = await mnist({ split: 'train' });
  const lengths = [TRAINING_SET - HELD_OUT, HELD_OUT];
  const [training, validation] = randomSplit(all, lengths, new Generator(SPLIT_SEED));
  const test = judge === 'test';
  const whole = test ? all : training;
  const first = Int32Array.from({ length: trainSamples ?? whole.length }, (_, index) => index);
  const train = new DataLoader(new Subset(whole, first), {
    batchSize,
    shuffle: true,
    // A last batch of a few images would make a step as long as the others.
    dropLast: true,
    transform: T.compose([affine, normalize]),
    generator,
  });
  const heldOut = new DataLoader(test ? await mnist({ split: 'test' }) : validation, {
    batchSize: 500,
    transform: normalize,
  });
  return { train, heldOut };
}

/** Loss, optimizer, schedule and callbacks for `stepsPerEpoch` steps an epoch. */
export function buildTraining(recipe: Recipe, stepsPerEpoch: number) {
  const { kind, maxLr, weightDecay } = recipe.optimizer;
  const groups = [{ match: /\/(bias|gamma|beta)$/, weightDecay: 0 }];
  const Optimizer = kind === 'muon' ? Muon : AdamW;
  const optimizer = new Optimizer({ lr: maxLr, weightDecay, groups });
  const { epochs, pctStart, labelSmoothing, averageFrom } = recipe;
  return {
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr, epochs, stepsPerEpoch, pctStart }),
    loss:
      labelSmoothing === undefined
        ? crossEntropyLoss()
        : labelSmoothingCrossEntropy({ smoothing: labelSmoothing }),
    callbacks: averageFrom === undefined ? [] : [new StochasticWeightAveraging({ start: averageFrom })],
  };
}
