/**
 * A Trainer with callbacks, checkpoints and metrics for small convolutional networks.
 *
 * @module
 */
export {};
