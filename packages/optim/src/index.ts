/**
 * SGD, Adam, AdamW and learning-rate schedulers with PyTorch's arithmetic.
 *
 * @module
 */
export { Adam } from './adam.js';
export type { AdamOptions } from './adam-base.js';
export { AdamW } from './adamw.js';
export {
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type ParameterGroup,
  type ParameterGroupOptions,
  type ParameterSlots,
} from './optimizer.js';
export { SGD, type SGDOptions } from './sgd.js';
