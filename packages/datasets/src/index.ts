/**
 * MNIST and Fashion-MNIST, splits, transforms and a DataLoader with torchvision's semantics.
 *
 * @module @mnist-kit/datasets
 */
export { centerCrop } from './center-crop.js';
export {
  ArrayDataset,
  type ArrayDatasetOptions,
  arrayDataset,
  type Dataset,
  type ImageShape,
  type Sample,
} from './dataset.js';
export type { DownloadOptions } from './download-options.js';
export {
  type DecodeIdxOptions,
  decodeIdx,
  type IdxArray,
  type IdxDatasetOptions,
  idxDataset,
} from './idx.js';
export type { Labels } from './labels.js';
export type { LoadProgress, MnistOptions } from './load-options.js';
export type { BatchIterator } from './loader/batch-iterator.js';
export { DataLoader, type DataLoaderOptions, type Sampler } from './loader/data-loader.js';
export type { DataLoaderState } from './loader/loader-state.js';
export { fashionMnist, mnist } from './mnist.js';
export type { InkColor } from './pictures/ink.js';
export type { Picture } from './pictures/picture.js';
export {
  type PreparedPicture,
  type PreparePictureOptions,
  preparePicture,
} from './pictures/prepare-picture.js';
export type { Pixels } from './pixels.js';
export { type DatasetSplit, fashionMnistClasses } from './sources.js';
export { randomSplit, type Split, Subset } from './subset.js';
export { type AffineParameters, affine, rotate } from './transforms/geometry.js';
export type { Image, ImageSize } from './transforms/image.js';
/**
 * Transforms of images with torchvision's names, draws and pixels; give one to a {@link DataLoader}.
 *
 * @example
 * ```ts
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const augment = transforms.compose([
 *   transforms.randomAffine({ degrees: 10, translate: [0.1, 0.1], scale: [0.9, 1.1] }),
 *   transforms.normalize({ mean: 0.1307, std: 0.3081 }),
 * ]);
 * ```
 */
export * as transforms from './transforms/index.js';
export type { Matrix, Resample } from './transforms/resample.js';
export type {
  ComposedTransform,
  GeometricTransform,
  ImageFunction,
  NormalizeTransform,
  Transform,
} from './transforms/transform.js';
