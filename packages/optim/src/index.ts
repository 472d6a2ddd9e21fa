/**
 * SGD, Adam, AdamW and learning-rate schedulers with PyTorch's arithmetic.
 *
 * @module
 */
export {};
