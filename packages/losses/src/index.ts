/**
 * NLL, cross-entropy, label smoothing and mixup as differentiable TensorFlow.js functions.
 *
 * @module
 */
export {};
