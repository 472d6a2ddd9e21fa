import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { memorySource } from './byte-source.js';
import { areStrings } from './check-values.js';
import { type ArrayDataset, allocate } from './dataset.js';
import { isGzip } from './gzip.js';
import { dimensionsOf, idxFilesDataset, openIdx } from './idx-file.js';
import { checkIdxSize, readIdxHeader } from './idx-header.js';

/**
 * An array of unsigned bytes as it lies in an IDX file.
 *
 * @example
 * ```ts
 * import { decodeIdx, type IdxArray } from '@mnist-kit/datasets';
 *
 * const labels: IdxArray = decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 3));
 * console.log(labels.shape, labels.data); // [2], Uint8Array [7, 3]
 * ```
 */
export interface IdxArray {
  /** Sizes of the dimensions, e.g. `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** The values, row-major; a view into the bytes that were given. */
  readonly data: Uint8Array;
}

/**
 * Options of {@link decodeIdx}.
 *
 * @example
 * ```ts
 * import { decodeIdx, type DecodeIdxOptions } from '@mnist-kit/datasets';
 *
 * const options: DecodeIdxOptions = { name: 'labels', dimensions: 1 };
 * const { data } = decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 3), options);
 * ```
 */
export interface DecodeIdxOptions {
  /** What the bytes are, for error messages. Default: 'IDX data'. */
  name?: string;
  /** Number of dimensions that must be there: 1 for labels, 3 for images. Default: any from 1 to 4. */
  dimensions?: number;
}

/**
 * Decodes an IDX file of unsigned bytes, the format of MNIST (format: yann.lecun.com/exdb/mnist).
 *
 * The magic number, the number of dimensions and the exact size are checked.
 *
 * @param bytes The whole file, not compressed.
 * @throws DataError when the bytes are no such file, are cut off or have something behind their end.
 *
 * @example
 * ```ts
 * import { decodeIdx } from '@mnist-kit/datasets';
 *
 * const { shape, data } = decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 3));
 * console.log(shape, data); // [2], Uint8Array [7, 3]
 * ```
 */
export function decodeIdx(bytes: Uint8Array, options: DecodeIdxOptions = {}): IdxArray {
  checkOptionNames<DecodeIdxOptions>('decodeIdx', options, { name: true, dimensions: true });
  const { name = 'IDX data', dimensions } = options;
  checkBytes('bytes', bytes);
  checkDimensions(dimensions);
  const header = readIdxHeader(bytes, name, dimensions);
  checkIdxSize(header, bytes.length, name);
  return { shape: header.shape, data: bytes.subarray(header.start) };
}

function checkDimensions(dimensions: number | undefined): void {
  if (dimensions === undefined || [1, 2, 3, 4].includes(dimensions)) return;
  throw new InvalidArgumentError('dimensions', 'must be 1, 2, 3 or 4', dimensions);
}

/**
 * Options of {@link idxDataset}.
 *
 * @example
 * ```ts
 * import { idxDataset, type IdxDatasetOptions } from '@mnist-kit/datasets';
 *
 * const options: IdxDatasetOptions = {
 *   images: Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0), // one image of 1 x 2
 *   labels: Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7),
 * };
 * const dataset = await idxDataset(options);
 * ```
 */
export interface IdxDatasetOptions {
  /** The images' file: three dimensions, plain or gzip. */
  images: Uint8Array;
  /** The labels' file: one dimension, plain or gzip. */
  labels: Uint8Array;
  /** Names of the classes. Default: '0' to '9'. */
  classes?: readonly string[];
  /** What the images are, for error messages. Default: 'The images file'. */
  imagesName?: string;
  /** What the labels are, for error messages. Default: 'The labels file'. */
  labelsName?: string;
}

function checkBytes(argument: string, bytes: Uint8Array): void {
  if (bytes instanceof Uint8Array) return;
  const buffer = (bytes as unknown) instanceof ArrayBuffer;
  const hint = buffer ? '; of a buffer give `new Uint8Array(buffer)`' : '';
  throw new InvalidArgumentError(argument, `must be the file's bytes, a Uint8Array${hint}`, bytes);
}

/** The ten digits, in words of one character. */
export const digits: readonly string[] = Array.from({ length: 10 }, (_, i) => String(i));

/**
 * A data set of grey images from two IDX files in memory; works in a browser too.
 *
 * The bytes are read at once or copied, so that they may change when the call has returned; where they are in a
 * `SharedArrayBuffer` and not compressed, the data set uses them as they are.
 *
 * @throws InvalidArgumentError when `images` or `labels` are no bytes, or `classes` no names.
 * @throws DataError when a file is damaged, the files do not belong together, there is no sample or a label
 * is out of range.
 *
 * @example
 * ```ts
 * import { idxDataset } from '@mnist-kit/datasets';
 *
 * const read = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
 * const test = await idxDataset({
 *   images: await read('/t10k-images-idx3-ubyte.gz'),
 *   labels: await read('/t10k-labels-idx1-ubyte.gz'),
 * });
 * ```
 */
export async function idxDataset(options: IdxDatasetOptions): Promise<ArrayDataset> {
  checkOptionNames<IdxDatasetOptions>('idxDataset', options, {
    images: true,
    labels: true,
    classes: true,
    imagesName: true,
    labelsName: true,
  });
  const { imagesName = 'The images file', labelsName = 'The labels file', classes = digits } = options ?? {};
  checkBytes('images', options?.images);
  checkBytes('labels', options?.labels);
  if (!areStrings(classes)) throw new InvalidArgumentError('classes', 'must be an array of names', classes);
  const images = snapshot(options.images, imagesName, dimensionsOf.images);
  const labels = snapshot(options.labels, labelsName, dimensionsOf.labels);
  return idxFilesDataset(
    await openIdx(memorySource(images, imagesName), dimensionsOf.images),
    await openIdx(memorySource(labels, labelsName), dimensionsOf.labels),
    classes,
  );
}

/** A copy, which the caller cannot change while it is read; of what is shared already the bytes themselves. */
function snapshot(bytes: Uint8Array, name: string, dimensions: number): Uint8Array {
  if (!isGzip(bytes)) decodeIdx(bytes, { name, dimensions });
  if (!(bytes.buffer instanceof ArrayBuffer)) return bytes;
  const copy = allocate(bytes, bytes.length);
  copy.set(bytes);
  return copy;
}
