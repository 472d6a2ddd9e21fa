import { checkOptionNames, DataError, InvalidArgumentError, type Settings } from '@mnist-kit/core';
import { arePositiveIntegers, areStrings } from './check-values.js';
import { fingerprint } from './fingerprint.js';
import { kindOf } from './kind-of.js';
import { checkLabelCount, type Labels, numberedClasses, toClassIndices } from './labels.js';
import { type Pixels, toPixels } from './pixels.js';

/**
 * `[height, width, channels]` of one image.
 *
 * @example
 * ```ts
 * import type { ImageShape } from '@mnist-kit/datasets';
 *
 * const shape: ImageShape = [28, 28, 1];
 * ```
 */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * One image with its class.
 *
 * @example
 * ```ts
 * import type { Sample } from '@mnist-kit/datasets';
 *
 * const sample: Sample = { image: new Uint8Array(28 * 28), label: 7 };
 * ```
 */
export interface Sample {
  /** `height x width x channels` values. */
  readonly image: Pixels;
  /** Class index. */
  readonly label: number;
}

/**
 * What a `DataLoader` reads. {@link ArrayDataset} and `Subset` implement it; a class of your own can too,
 * and its pixels are then prepared on the calling thread.
 *
 * @example
 * ```ts
 * import { DataLoader, type Dataset } from '@mnist-kit/datasets';
 *
 * // A data set of one's own: four images, each of one shade of grey.
 * const shades: Dataset = {
 *   length: 4,
 *   shape: [28, 28, 1],
 *   classes: ['dark', 'light'],
 *   get: (i) => ({ image: new Uint8Array(28 * 28).fill(60 * i), label: i < 2 ? 0 : 1 }),
 * };
 * const loader = new DataLoader(shades, { batchSize: 2 });
 * ```
 */
export interface Dataset {
  /** Number of samples. */
  readonly length: number;
  /** `[height, width, channels]` of every image. */
  readonly shape: ImageShape;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  /**
   * The sample at position `i`, 0 <= i < length.
   *
   * @throws InvalidArgumentError when `i` is out of range.
   */
  get(i: number): Sample;
  /**
   * Tells this data set apart from others of the same size: a version, the name of a file and its checksum. A fit that
   * resumes on other data than its checkpoint's is refused. Default: the class, `length`, `shape` and `classes`.
   */
  readonly settings?: Settings;
}

/**
 * Options of {@link arrayDataset}.
 *
 * @example
 * ```ts
 * import { arrayDataset, type ArrayDatasetOptions } from '@mnist-kit/datasets';
 *
 * const options: ArrayDatasetOptions = { images: new Uint8Array(2 * 4), labels: [0, 1], shape: [2, 2, 1] };
 * const dataset = arrayDataset(options);
 * ```
 */
export interface ArrayDatasetOptions {
  /**
   * `n x height x width x channels` values: bytes, or float32 without NaN and infinities. The pixels of a canvas
   * (`ImageData.data`) are bytes of 4 channels. They are copied, except where they are in a `SharedArrayBuffer`:
   * these are used as they are, and change with it.
   */
  images: Pixels | Uint8ClampedArray;
  /** `n` class indices, as numbers or BigInts. */
  labels: Labels;
  /** `[height, width, channels]` of one image. */
  shape: readonly number[];
  /** Names of the classes. Default: '0', '1', … up to the largest label. */
  classes?: readonly string[];
}

/**
 * A data set that lies in memory: all images in one array, which worker threads can read too.
 *
 * Made by {@link arrayDataset}, `mnist` and `fashionMnist`.
 *
 * @example
 * ```ts
 * import { ArrayDataset } from '@mnist-kit/datasets';
 *
 * const dataset = new ArrayDataset({ images: new Uint8Array(2 * 4), labels: [0, 1], shape: [2, 2, 1] });
 * console.log(dataset.length, dataset.get(1).label); // 2 1
 * ```
 */
export class ArrayDataset implements Dataset {
  /** `length x height x width x channels` values, in shared memory where there is any. */
  readonly images: Pixels;
  /** Class of each image. */
  readonly labels: Int32Array;
  readonly shape: ImageShape;
  readonly classes: readonly string[];
  readonly length: number;
  readonly #size: number;

  /**
   * @throws InvalidArgumentError when `shape` is not three positive integers, or the lengths of `images` and
   * `labels` do not fit it.
   * @throws DataError when there is no sample, a label is out of range or a pixel is not finite.
   */
  constructor(options: ArrayDatasetOptions) {
    if (new.target === ArrayDataset)
      checkOptionNames<ArrayDatasetOptions>('arrayDataset', options, {
        images: true,
        labels: true,
        shape: true,
        classes: true,
      });
    const { images: given, labels, shape, classes } = options ?? ({} as Partial<ArrayDatasetOptions>);
    checkShape('shape', shape);
    this.shape = [shape[0], shape[1], shape[2]];
    this.#size = shape[0] * shape[1] * shape[2];
    const images = toPixels('images', given);
    const count = images.length / this.#size;
    checkLabelCount(labels, Number.isInteger(count) ? count : undefined);
    this.length = labels.length;
    if (this.length === 0 && images.length === 0)
      throw new DataError('The data set is empty: give it at least one image with its label.');
    if (images.length !== this.length * this.#size)
      throw new InvalidArgumentError(
        'images',
        `must hold ${this.length} (labels) x ${shape.join(' x ')} = ${this.length * this.#size} values${channelHint(images.length / this.length, shape)}`,
        `${images.length} values`,
      );
    if (classes !== undefined && !areStrings(classes))
      throw new InvalidArgumentError('classes', 'must be an array of names', classes);
    this.classes = classes ? [...classes] : numberedClasses(labels);
    this.labels = toClassIndices(labels, this.classes.length);
    if (images instanceof Float32Array) checkFinite(images, this.#size);
    this.images = shared(images);
  }

  /** Number, shape, classes, and checksums of pixels and labels, which are read once; above 48 MiB, a part of them. */
  get settings(): Settings {
    const { length: samples, shape, classes, images, labels } = this;
    const sums = { images: fingerprint(images), labels: fingerprint(labels) };
    return { kind: kindOf(this, ArrayDataset, 'ArrayDataset'), samples, shape, classes, ...sums };
  }

  get(i: number): Sample {
    checkPosition(i, this.length);
    const start = i * this.#size;
    return { image: this.images.subarray(start, start + this.#size), label: this.labels[i] };
  }
}

/**
 * A data set from your own arrays. They are copied, the pixels into shared memory where there is any; pixels that are
 * in shared memory already are used as they are.
 *
 * @throws InvalidArgumentError when `shape` is not three positive integers, or the lengths of `images` and
 * `labels` do not fit it.
 * @throws DataError when there is no sample, a label is out of range or a pixel is not finite.
 *
 * @example
 * ```ts
 * import { arrayDataset } from '@mnist-kit/datasets';
 *
 * const dataset = arrayDataset({
 *   images: new Uint8Array(100 * 28 * 28),
 *   labels: new Uint8Array(100),
 *   shape: [28, 28, 1],
 *   classes: ['cat', 'dog'],
 * });
 * ```
 */
export function arrayDataset(options: ArrayDatasetOptions): ArrayDataset {
  return new ArrayDataset(options);
}

/** Bytes or floats of the given kind that other threads can see, where the platform allows it. */
export function allocate<T extends Pixels>(like: T, length: number): T {
  // Not `like.constructor`: that may be Node's Buffer.
  const Kind = (like instanceof Float32Array ? Float32Array : Uint8Array) as unknown as new (
    source: number | ArrayBufferLike,
  ) => T;
  if (typeof SharedArrayBuffer === 'undefined') return new Kind(length);
  return new Kind(new SharedArrayBuffer(length * like.BYTES_PER_ELEMENT));
}

/**
 * Throws unless `dataset` has what a {@link Dataset} has.
 *
 * @throws InvalidArgumentError naming the field that is missing or wrong.
 */
export function checkDataset(dataset: Dataset): void {
  if (typeof dataset?.get !== 'function' || !Number.isInteger(dataset.length) || dataset.length < 0)
    throw new InvalidArgumentError('dataset', 'must be a data set with `length` and `get(i)`', dataset);
  checkShape('dataset.shape', dataset.shape);
  if (!areStrings(dataset.classes))
    throw new InvalidArgumentError('dataset.classes', 'must be an array of names', dataset.classes);
}

/** Throws unless `i` is a position in a data set of that length. */
export function checkPosition(i: number, length: number): void {
  if (!Number.isInteger(i) || i < 0 || i >= length)
    throw new InvalidArgumentError('i', `must be an integer from 0 to ${length - 1}`, i);
}

/** A copy that the caller cannot change, in shared memory where there is any; of what is shared already the same. */
function shared<T extends Pixels>(values: T): T {
  if (!(values.buffer instanceof ArrayBuffer)) return values;
  const copy = allocate(values, values.length);
  copy.set(values);
  return copy;
}

function checkShape(
  argument: string,
  shape: readonly number[] | undefined,
): asserts shape is readonly number[] {
  if (!arePositiveIntegers(shape) || shape.length !== 3)
    throw new InvalidArgumentError(
      argument,
      'must be [height, width, channels], three positive integers',
      shape,
    );
}

/** Says so where the images have another number of channels than the shape. */
function channelHint(size: number, [height, width, channels]: readonly number[]): string {
  const held = size / (height * width);
  if (held === channels || ![1, 3, 4].includes(held)) return '';
  return `; these have ${held} channels, shape: [${height}, ${width}, ${held}]`;
}

function checkFinite(images: Float32Array, size: number): void {
  for (let i = 0; i < images.length; i++)
    if (!Number.isFinite(images[i]))
      throw new DataError(
        `Image ${Math.floor(i / size)} has a pixel that is ${images[i]}: replace or drop such images before training.`,
      );
}
