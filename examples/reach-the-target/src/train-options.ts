import type { Judge } from './build.js';

/** How to train a recipe. */
export interface TrainOptions {
  seed: number;
  /** What its accuracy is measured on. Training for the test set uses all 60,000 images, else 50,000 of them. */
  judge: Judge;
  /** Threads of the plan; default the number of cores, at most 8. They do not change the result. */
  threads?: number;
  /** Only the first so many training images, to try whether everything works. */
  trainSamples?: number;
  /** Folder where trained teachers are kept for other processes. Default: none. */
  cache?: string;
  /** Told after each epoch. */
  print?: (line: string) => void;
}
