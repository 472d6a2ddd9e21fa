import { Generator } from '@mnist-kit/core';
import { parameterBreakdown } from '@mnist-kit/models';
import { type Callback, distillation, type ExecutorFactory, Trainer } from '@mnist-kit/trainer';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildNet, buildTraining, type Judge, loadData } from './build.js';
import type { Recipe } from './recipe.js';
import { RECIPES } from './recipes.js';

/** How to train a recipe. */
export interface TrainOptions {
  seed: number;
  /** What its accuracy is measured on. Training for the test set uses all 60,000 images, else 50,000 of them. */
  judge: Judge;
  /** Threads of the plan; default the number of cores, at most 8. They do not change the result. */
  threads?: number;
  /** Only the first so many training images, to try whether everything works. */
  trainSamples?: number;
  /** Told after each epoch. */
  print?: (line: string) => void;
}

/** What came out. Accuracy is a fraction of 1, of the final weights (averaged ones where the recipe says so). */
export interface Trained {
  parameters: number;
  accuracy: number;
  loss: number;
  /** Of the last epoch, on augmented images. */
  trainAccuracy: number;
  /** A teacher's training included. */
  seconds: number;
  /** Then accuracy and loss are NaN. */
  interrupted: boolean;
}

/** Trains a recipe once and measures it once, at the end; its teacher, if it has one, before that. */
export async function trainRecipe(recipe: Recipe, options: TrainOptions): Promise<Trained> {
  const started = performance.now();
  const { trained, model } = await trainNet(recipe, options);
  model.dispose();
  return { ...trained, seconds: (performance.now() - started) / 1000 };
}

/** Teachers that this process has trained, by everything that decides their weights. */
const teachers = new Map<string, LayersModel>();

/** `undefined` when its training was interrupted. */
async function teacherOf(
  { recipe: name, epochs, seed }: NonNullable<Recipe['teacher']>,
  options: TrainOptions,
): Promise<LayersModel | undefined> {
  const { judge, trainSamples, print = () => {} } = options;
  const key = JSON.stringify([name, epochs, seed, judge, trainSamples]);
  const known = teachers.get(key);
  if (known !== undefined) return known;
  print(`teacher: ${name}, ${epochs} epochs, seed ${seed}`);
  const { trained, model } = await trainNet({ ...RECIPES[name], epochs }, { ...options, seed }, false);
  if (trained.interrupted) return undefined;
  teachers.set(key, model);
  return model;
}

async function trainNet(
  recipe: Recipe,
  options: TrainOptions,
  measure = true,
): Promise<{ trained: Omit<Trained, 'seconds'>; model: LayersModel }> {
  const { seed, judge, threads, trainSamples, print = () => {} } = options;
  const generator = new Generator(seed);
  const model = buildNet(recipe, generator);
  const { trainable: parameters } = parameterBreakdown(model);
  const unmeasured = { parameters, accuracy: Number.NaN, loss: Number.NaN, trainAccuracy: Number.NaN };
  let executor: ExecutorFactory | undefined;
  if (recipe.teacher !== undefined) {
    const { weight, temperature } = recipe.teacher;
    const teacher = await teacherOf(recipe.teacher, options);
    if (teacher === undefined) return { trained: { ...unmeasured, interrupted: true }, model };
    executor = distillation({ teacher, weight, temperature });
  }
  const { train, heldOut } = await loadData(recipe, { judge, generator, trainSamples });
  const { callbacks, ...training } = buildTraining(recipe, { seed, stepsPerEpoch: train.length });
  const trainer = new Trainer({
    ...training,
    model,
    generator,
    callbacks: [...callbacks, epochLine(print)],
    engine: 'plan',
    threads,
    executor,
  });
  try {
    const { interrupted, last } = await trainer.fit(train, { epochs: recipe.epochs });
    const trainAccuracy = last?.trainAccuracy ?? Number.NaN;
    // An unfinished training is not measured: the test set is looked at once for each that is finished.
    if (interrupted || !measure) return { trained: { ...unmeasured, trainAccuracy, interrupted }, model };
    const { testAccuracy: accuracy, testLoss: loss } = await trainer.test(heldOut);
    return { trained: { parameters, accuracy, loss, trainAccuracy, interrupted }, model };
  } finally {
    await trainer.dispose();
    await Promise.all([train.dispose(), heldOut.dispose()]);
  }
}

function epochLine(print: (line: string) => void): Callback {
  return {
    name: 'epochLine',
    onEpochEnd: ({ epochs }, { epoch, trainLoss, trainAccuracy, seconds }) =>
      print(
        `epoch ${epoch}/${epochs}: train loss ${trainLoss.toFixed(4)}, train accuracy ` +
          `${(trainAccuracy * 100).toFixed(2)}%, ${seconds.toFixed(1)} s`,
      ),
  };
}
