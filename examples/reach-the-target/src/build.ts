import { Generator } from '@mnist-kit/core';
import {
  type ArrayDataset,
  centerCrop,
  DataLoader,
  type DatasetSplit,
  mnist,
  randomSplit,
  Subset,
  transforms as T,
} from '@mnist-kit/datasets';
import { crossEntropyLoss, labelSmoothingCrossEntropy, mixup } from '@mnist-kit/losses';
import { compactNet, convNet } from '@mnist-kit/models';
import { Adam, AdamW, Muon, OneCycleLR, StepLR } from '@mnist-kit/optim';
import { StochasticWeightAveraging } from '@mnist-kit/trainer';
import type { Recipe } from './recipe.js';

const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });

/** Training images, and those of them that are held out while recipes are searched for. */
const SPLIT = [50_000, 10_000] as const;
/** The same for every recipe and seed. */
const SPLIT_SEED = 42;

/** What is trained on, and what it is judged by. */
export type Judge = 'validation' | 'test';

/** The net of a recipe, its weights drawn from `generator`. */
export function buildNet({ net, crop }: Recipe, generator: Generator) {
  const inputShape = crop === undefined ? {} : { inputShape: [crop, crop, 1] as const };
  if (net.kind === 'compactNet') {
    const { kind: _, ...options } = net;
    return compactNet({ ...options, ...inputShape, generator });
  }
  const { kind: _, ...options } = net;
  return convNet({ ...options, ...inputShape, generator });
}

/** The random transforms of a training image. */
export function buildAugmentation({ augmentation }: Recipe) {
  return augmentation.map((step) =>
    'rotation' in step ? T.randomRotation(step.rotation) : T.randomAffine(step.affine),
  );
}

/** What {@link loadData} is told. */
interface DataOptions {
  judge: Judge;
  /** Where order and augmentation come from. */
  generator: Generator;
  /** Only the first so many training images. */
  trainSamples?: number;
}

/** To be judged by validation, 10,000 training images are left out and measured on; by the test set, none are. */
export async function loadData(
  recipe: Recipe,
  { judge, generator, trainSamples }: DataOptions,
): Promise<{ train: DataLoader; heldOut: DataLoader }> {
  const all = await images('train', recipe);
  const [training, validation] = randomSplit(all, [...SPLIT], new Generator(SPLIT_SEED));
  const test = judge === 'test';
  const whole = test ? all : training;
  const first = Int32Array.from({ length: trainSamples ?? whole.length }, (_, index) => index);
  const train = new DataLoader(new Subset(whole, first), {
    batchSize: recipe.batchSize,
    shuffle: true,
    // A last batch of a few images would make a step as long as the others.
    dropLast: true,
    transform: T.compose([...buildAugmentation(recipe), normalize]),
    generator,
  });
  const heldOut = new DataLoader(test ? await images('test', recipe) : validation, {
    batchSize: 500,
    transform: normalize,
  });
  return { train, heldOut };
}

async function images(split: DatasetSplit, { crop }: Recipe): Promise<ArrayDataset> {
  const whole = await mnist({ split });
  return crop === undefined ? whole : centerCrop(whole, crop);
}

/** Loss, optimizer, schedule, mixup and callbacks for `stepsPerEpoch` steps an epoch. */
export function buildTraining(
  recipe: Recipe,
  { seed, stepsPerEpoch }: { seed: number; stepsPerEpoch: number },
) {
  const { epochs, labelSmoothing, averageFrom } = recipe;
  const { kind, lr, weightDecay, decayAll = false } = recipe.optimizer;
  const groups = decayAll ? [] : [{ match: /\/(bias|gamma|beta)$/, weightDecay: 0 }];
  const Optimizer = { adam: Adam, adamW: AdamW, muon: Muon }[kind];
  const optimizer = new Optimizer({ lr, weightDecay, groups });
  const { schedule } = recipe;
  const scheduler =
    schedule.kind === 'step'
      ? new StepLR(optimizer, { stepSize: schedule.stepSize, gamma: schedule.gamma })
      : new OneCycleLR(optimizer, {
          maxLr: lr,
          epochs,
          stepsPerEpoch,
          pctStart: schedule.pctStart,
          divFactor: schedule.divFactor,
          cycleMomentum: schedule.cycleMomentum,
        });
  const loss =
    labelSmoothing === undefined
      ? crossEntropyLoss()
      : labelSmoothingCrossEntropy({ smoothing: labelSmoothing });
  const callbacks = averageFrom === undefined ? [] : [new StochasticWeightAveraging({ start: averageFrom })];
  return { optimizer, scheduler, loss, mixup: recipe.mixup && mixup({ ...recipe.mixup, seed }), callbacks };
}
