/**
 * Small convolutional networks as plain TensorFlow.js layers models, with PyTorch's initialisation and state
 * dicts.
 *
 * @module
 */
export { conservativeImprovedNet } from './conservative-improved-net.js';
export { type ConvNetOptions, convNet, type NetOptions } from './conv-net.js';
export { improvedNet } from './improved-net.js';
export { optimizedNet } from './optimized-net.js';
export { type LayerParameters, type ParameterBreakdown, parameterBreakdown } from './parameters.js';
export {
  readSafetensors,
  readSafetensorsMetadata,
  type StateDict,
  type StateTensor,
  writeSafetensors,
} from './safetensors.js';
export {
  type LoadStateDictOptions,
  type LoadStateDictResult,
  loadStateDict,
  stateDict,
} from './state-dict.js';
export { type SummaryOptions, summary } from './summary.js';
export { fromTorchNames, toTorchNames } from './torch-names.js';
