import { className, type Settings } from '@mnist-kit/core';
import type { Dataset } from './dataset.js';

/** How a data set is told apart from another one. */
export function datasetSettings(dataset: Dataset): Settings {
  const { length: samples, shape, classes } = dataset;
  return {
    kind: className(dataset),
    ...(dataset.settings ?? { samples, shape, classes }),
  };
}
