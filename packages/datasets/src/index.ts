/**
 * MNIST and Fashion-MNIST, splits, transforms and a DataLoader with torchvision's semantics.
 *
 * @module
 */
export {};
