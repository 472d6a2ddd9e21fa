/**
 * The command `mnist-kit`, and what it is made of: configs, runs, and pictures of digits.
 *
 * @module
 */
export {
  type InkColor,
  type Picture,
  type PreparedPicture,
  type PreparePictureOptions as PredictOptions,
  preparePicture,
} from '@mnist-kit/datasets';
export { runProgram } from './command-line/run-program.js';
export { configJsonSchema } from './config/json-schema.js';
export { InvalidConfigError, type ReadConfigOptions, readConfig } from './config/read-config.js';
export type { Config, ConfigInput } from './config/schema.js';
export { parseSetting, type Setting } from './config/set-values.js';
export { decodePicture } from './images/decode-picture.js';
export { sweepPlot } from './sweep/plot.js';
export {
  type CheckedTrial,
  type RankedTrial,
  runSweep,
  type Sweep,
  type SweepOptions,
  type TrialOutcome,
} from './sweep/run-sweep.js';
export { type Changes, type Choice, checkSpace, type Range, type SearchSpace } from './sweep/space.js';
export { sweepTable } from './sweep/table.js';
export { listTrials } from './sweep/trials.js';
