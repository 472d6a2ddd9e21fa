import { Generator } from '@mnist-kit/core';
import { enableWideVectors } from '@mnist-kit/engine';
import { parameterBreakdown } from '@mnist-kit/models';
import { type Callback, distillation, type ExecutorFactory, Trainer } from '@mnist-kit/trainer';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildNet, buildTraining, loadData } from './build.js';
import type { Recipe } from './recipe.js';
import { findTeacher } from './teacher.js';
import type { TrainOptions } from './train-options.js';

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
  // Of a program of its own, which may set V8's flag; where wide vectors cannot be had this does nothing.
  enableWideVectors();
  const { trained, model } = await trainNet(recipe, options);
  model.dispose();
  return { ...trained, seconds: (performance.now() - started) / 1000 };
}

/** `undefined` when it was interrupted. */
async function trainTeacher(recipe: Recipe, options: TrainOptions): Promise<LayersModel | undefined> {
  const { trained, model } = await trainNet(recipe, options, false);
  return trained.interrupted ? undefined : model;
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
    const { weight, temperature, seed: seeds, ...teacher } = recipe.teacher;
    const teachers: LayersModel[] = [];
    for (const own of [seeds].flat()) {
      const found = await findTeacher({ ...teacher, seed: own }, options, trainTeacher);
      if (found === undefined) return { trained: { ...unmeasured, interrupted: true }, model };
      teachers.push(found);
    }
    executor = distillation({ teacher: teachers, weight, temperature });
  }
  const { train, heldOut } = await loadData(recipe, { judge, generator, trainSamples });
  const stepsPerEpoch = Math.min(train.length, recipe.batches ?? train.length);
  const { callbacks, ...training } = buildTraining(recipe, { seed, stepsPerEpoch });
  const trainer = new Trainer({
    ...training,
    model,
    generator,
    callbacks: [...callbacks, epochLine(print)],
    engine: 'plan',
    threads,
    executor,
    limitTrainBatches: recipe.batches,
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
