import { Generator } from '@mnist-kit/core';
import { parameterBreakdown } from '@mnist-kit/models';
import { type Callback, Trainer } from '@mnist-kit/trainer';
import { buildNet, buildTraining, type Judge, loadData } from './build.js';
import type { Recipe } from './recipe.js';

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
  seconds: number;
  /** Then accuracy and loss are NaN. */
  interrupted: boolean;
}

/** Trains a recipe once and measures it once, at the end. */
export async function trainRecipe(recipe: Recipe, options: TrainOptions): Promise<Trained> {
  const { seed, judge, threads, trainSamples, print = () => {} } = options;
  const started = performance.now();
  const generator = new Generator(seed);
  const model = buildNet(recipe, generator);
  const { trainable: parameters } = parameterBreakdown(model);
  const { train, heldOut } = await loadData(recipe, { judge, generator, trainSamples });
  const { callbacks, ...training } = buildTraining(recipe, { seed, stepsPerEpoch: train.length });
  const trainer = new Trainer({
    ...training,
    model,
    generator,
    callbacks: [...callbacks, epochLine(print)],
    engine: 'plan',
    threads,
  });
  try {
    const history = await trainer.fit(train, { epochs: recipe.epochs });
    const { interrupted } = history;
    // An unfinished training is not measured: the test set is looked at once for each that is finished.
    const measured = interrupted ? undefined : await trainer.test(heldOut);
    return {
      parameters,
      accuracy: measured?.testAccuracy ?? Number.NaN,
      loss: measured?.testLoss ?? Number.NaN,
      trainAccuracy: history.last?.trainAccuracy ?? Number.NaN,
      seconds: (performance.now() - started) / 1000,
      interrupted,
    };
  } finally {
    await trainer.dispose();
    await Promise.all([train.dispose(), heldOut.dispose()]);
    model.dispose();
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
