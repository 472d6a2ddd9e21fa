/**
 * Small convolutional networks as plain TensorFlow.js layers models, with PyTorch's initialisation and state
 * dicts.
 *
 * @module @mnist-kit/models
 */
export { skipGreeting } from './backend.js';
export { checkModel } from './check-arguments.js';
export {
  type CompactBlock,
  type CompactNetOptions,
  type ConvBlock,
  compactNet,
  type SeparableBlock,
} from './compact-net.js';
export { conservativeImprovedNet } from './conservative-improved-net.js';
export { type ConvNetOptions, convNet, type NetOptions } from './conv-net.js';
export { improvedNet } from './improved-net.js';
export { initialize } from './initialize.js';
export { optimizedNet } from './optimized-net.js';
export { type LayerParameters, type ParameterBreakdown, parameterBreakdown } from './parameters.js';
export {
  readSafetensors,
  readSafetensorsMetadata,
  writeSafetensors,
} from './safetensors.js';
export {
  type LoadStateDictOptions,
  type LoadStateDictResult,
  loadStateDict,
  stateDict,
} from './state-dict.js';
export type { StateDict, StateTensor } from './state-tensor.js';
export { type SummaryOptions, summary } from './summary.js';
export { OpaqueTorchValue, type TorchValue } from './torch-file/plain-values.js';
export {
  type ReadTorchFileOptions,
  readTorchFile,
  readTorchValue,
  type TorchFileLimits,
} from './torch-file/read-torch-file.js';
export { writeTorchFile } from './torch-file/write-torch-file.js';
export { fromTorchNames, toTorchNames } from './torch-names.js';
