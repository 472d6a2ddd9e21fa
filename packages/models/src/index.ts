/**
 * Small convolutional networks as plain TensorFlow.js layers models, with PyTorch's initialisation and state dicts.
 *
 * @module
 */
export {};
