/**
 * NLL, cross-entropy, label smoothing and mixup as differentiable TensorFlow.js functions.
 *
 * @module @mnist-kit/losses
 */
export { type CrossEntropyLossOptions, crossEntropyLoss } from './cross-entropy-loss.js';
export {
  type LabelSmoothingCrossEntropyOptions,
  labelSmoothingCrossEntropy,
} from './label-smoothing-cross-entropy.js';
export type { Loss, LossFunction, LossOptions, Reduction } from './loss.js';
export { type Mixup, type MixupOptions, type MixupRandom, type MixupState, mixup } from './mixup.js';
export { type MixupDraw, mixupLoss } from './mixup-loss.js';
export { nllLoss } from './nll-loss.js';
