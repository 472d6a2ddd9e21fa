/**
 * Elementary functions in float64 that give the same bits in every engine and on every processor: they use
 * only what IEEE 754 defines exactly (+, -, *, /, sqrt) and bit operations. `Math.exp` and its kin may differ
 * in the last bit from one engine to the next.
 */
export {
  logSoftmaxRow,
  type SoftTargetCrossEntropyOptions,
  softTargetCrossEntropy,
} from './math/cross-entropy.js';
export { erf } from './math/error-function.js';
export { exp, log, tanh } from './math/exponential.js';
export { pow } from './math/power.js';
export { cos, sin } from './math/trigonometry.js';
