/**
 * SGD, Adam, AdamW, Muon and learning-rate schedulers with PyTorch's arithmetic.
 *
 * @module @mnist-kit/optim
 */
export { Adam } from './adam.js';
export type { AdamOptions } from './adam-base.js';
export { AdamW } from './adamw.js';
export { Muon, type MuonOptions } from './muon.js';
export {
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type ParameterGroup,
  type ParameterGroupOptions,
  type ParameterSlots,
} from './optimizer.js';
export { ChainedScheduler, type ChainedSchedulerState } from './schedulers/chained-scheduler.js';
export { ConstantLR, type ConstantLROptions } from './schedulers/constant-lr.js';
export { CosineAnnealingLR, type CosineAnnealingLROptions } from './schedulers/cosine-annealing-lr.js';
export {
  CosineAnnealingWarmRestarts,
  type CosineAnnealingWarmRestartsOptions,
} from './schedulers/cosine-annealing-warm-restarts.js';
export { ExponentialLR, type ExponentialLROptions } from './schedulers/exponential-lr.js';
export { LambdaLR, type LambdaLROptions } from './schedulers/lambda-lr.js';
export { LinearLR, type LinearLROptions } from './schedulers/linear-lr.js';
export { MultiStepLR, type MultiStepLROptions } from './schedulers/multi-step-lr.js';
export { OneCycleLR, type OneCycleLROptions } from './schedulers/one-cycle-lr.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './schedulers/reduce-lr-on-plateau.js';
export {
  LRScheduler,
  type LRSchedulerOptions,
  type LRSchedulerState,
  type SchedulerInterval,
} from './schedulers/scheduler.js';
export { StepLR, type StepLROptions } from './schedulers/step-lr.js';
export { SGD, type SGDOptions, type SGDState } from './sgd.js';
