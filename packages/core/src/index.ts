/**
 * PyTorch's random stream, error classes and arithmetic that gives the same bits everywhere.
 *
 * @module @mnist-kit/core
 */
export { className } from './class-name.js';
export type { Batch, FileBytes, MaybePromise, NamedTensor, Parameter, TensorDict } from './contracts.js';
export {
  CheckpointError,
  DataError,
  EngineError,
  InvalidArgumentError,
  MnistKitError,
  ModelError,
} from './errors.js';
export { Generator, type GeneratorState } from './generator.js';
/**
 * Elementary functions in float64 that give the same bits in every engine and on every processor.
 *
 * @example
 * ```ts
 * import { math } from '@mnist-kit/core';
 *
 * console.log(math.exp(1), math.log(2), math.pow(2, 0.5)); // the same bits on every machine
 * ```
 */
export * as math from './math.js';
export { checkOptionNames, closestName, type OptionNames } from './option-names.js';
export { RandomState, type RandomStateState } from './random-state.js';
export { describeFunction, type Setting, type Settings } from './settings.js';
export { sha256 } from './sha256.js';
export { availableParallelism, type StartWorkerOptions, startWorker } from './worker.js';
export type { WorkerHandle } from './worker-handle.js';
export { runAsWorker, type WorkerScope } from './worker-scope.js';
