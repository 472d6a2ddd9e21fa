import type { ArrayDataset, DatasetSplit } from '@mnist-kit/datasets';
import { type Predictions, perClassAccuracy, Trainer } from '@mnist-kit/trainer';
import { evaluationLoader, openDataset } from '../training/load-data.js';
import type { OpenModel } from './open-model.js';

/** What a model does on a data set. */
export interface Measured {
  readonly loss: number;
  readonly accuracy: number;
  /** Accuracy of each class; NaN where there is no image of it. */
  readonly perClass: readonly number[];
  readonly size: number;
  readonly predictions: Predictions & { readonly dataset: ArrayDataset };
}

/** Measures a model on a split of its config's data set. */
export async function measure(
  { model, config }: OpenModel,
  { split = 'test', threads }: { split?: DatasetSplit; threads?: number } = {},
): Promise<Measured> {
  const dataset = await openDataset(config, split);
  const loader = evaluationLoader(config, dataset);
  const trainer = new Trainer({ model, threads, metrics: { perClass: perClassAccuracy() } });
  try {
    const { testLoss: loss, testAccuracy: accuracy, testPerClass: perClass } = await trainer.test(loader);
    const predictions = { ...(await trainer.predict(loader)), dataset };
    return { loss, accuracy, perClass: [...perClass], size: dataset.length, predictions };
  } finally {
    await trainer.dispose();
    await loader.dispose();
  }
}
