import { DataError, InvalidArgumentError } from '@mnist-kit/core';

/** `[height, width, channels]` of one image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Pixels as bytes (0 to 255, as in image files) or as float32 (taken as they are). */
export type Pixels = Uint8Array | Float32Array;

/** One image with its class. */
export interface Sample {
  /** `height x width x channels` values. */
  readonly image: Pixels;
  /** Class index. */
  readonly label: number;
}

/**
 * What a `DataLoader` reads. {@link ArrayDataset} and `Subset` implement it; a class of your own can too,
 * and its pixels are then prepared on the calling thread.
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
}

/** Options of {@link arrayDataset}. */
export interface ArrayDatasetOptions {
  /** `n x height x width x channels` values: bytes, or float32 without NaN and infinities. */
  images: Pixels;
  /** `n` class indices. */
  labels: ArrayLike<number>;
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
    const { images, labels, shape } = options;
    checkShape(shape);
    this.shape = [shape[0], shape[1], shape[2]];
    this.#size = shape[0] * shape[1] * shape[2];
    if (!(images instanceof Uint8Array || images instanceof Float32Array))
      throw new InvalidArgumentError('images', 'must be a Uint8Array or a Float32Array', images);
    if (labels === null || typeof labels !== 'object' || !Number.isInteger(labels.length))
      throw new InvalidArgumentError('labels', 'must be an array of class indices', labels);
    this.length = labels.length;
    if (this.length === 0 && images.length === 0)
      throw new DataError('The data set is empty: give it at least one image with its label.');
    if (images.length !== this.length * this.#size)
      throw new InvalidArgumentError(
        'images',
        `must hold ${this.length} (labels) x ${shape.join(' x ')} = ${this.length * this.#size} values`,
        `${images.length} values`,
      );
    this.classes = options.classes ? [...options.classes] : numberedClasses(labels);
    this.labels = checkedLabels(labels, this.classes.length);
    if (images instanceof Float32Array) checkFinite(images, this.#size);
    this.images = shared(images);
  }

  get(i: number): Sample {
    checkPosition(i, this.length);
    const start = i * this.#size;
    return { image: this.images.subarray(start, start + this.#size), label: this.labels[i] };
  }
}

/**
 * A data set from your own arrays. The pixels are copied into shared memory where there is any.
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

/** Throws unless `i` is a position in a data set of that length. */
export function checkPosition(i: number, length: number): void {
  if (!Number.isInteger(i) || i < 0 || i >= length)
    throw new InvalidArgumentError('i', `must be an integer from 0 to ${length - 1}`, i);
}

function shared<T extends Pixels>(values: T): T {
  if (typeof SharedArrayBuffer === 'undefined' || values.buffer instanceof SharedArrayBuffer) return values;
  const copy = allocate(values, values.length);
  copy.set(values);
  return copy;
}

function checkShape(shape: readonly number[]): void {
  const fits =
    Array.isArray(shape) && shape.length === 3 && shape.every((size) => Number.isInteger(size) && size > 0);
  if (!fits)
    throw new InvalidArgumentError(
      'shape',
      'must be [height, width, channels], three positive integers',
      shape,
    );
}

function numberedClasses(labels: ArrayLike<number>): string[] {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] > largest) largest = labels[i];
  return Array.from({ length: Math.min(largest, 65_535) + 1 }, (_, i) => String(i));
}

function checkedLabels(labels: ArrayLike<number>, classes: number): Int32Array {
  const out = new Int32Array(labels.length);
  for (let i = 0; i < out.length; i++) {
    const label = labels[i];
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new DataError(
        `Label ${i} is ${label}, but there are ${classes} classes: labels must be integers from 0 to ${classes - 1}.`,
      );
    out[i] = label;
  }
  return out;
}

function checkFinite(images: Float32Array, size: number): void {
  for (let i = 0; i < images.length; i++)
    if (!Number.isFinite(images[i]))
      throw new DataError(
        `Image ${Math.floor(i / size)} has a pixel that is ${images[i]}: replace or drop such images before training.`,
      );
}
