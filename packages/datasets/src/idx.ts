import { checkOptionNames, DataError, InvalidArgumentError } from '@mnist-kit/core';
import { ArrayDataset, allocate } from './dataset.js';

/** An array of unsigned bytes as it lies in an IDX file. */
export interface IdxArray {
  /** Sizes of the dimensions, e.g. `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** The values, row-major; a view into the bytes that were given. */
  readonly data: Uint8Array;
}

/** Options of {@link decodeIdx}. */
export interface DecodeIdxOptions {
  /** What the bytes are, for error messages. Default: 'IDX data'. */
  name?: string;
  /** Number of dimensions that must be there: 1 for labels, 3 for images. Default: any from 1 to 4. */
  dimensions?: number;
}

/** More than any data set of this kind; bounds what a damaged or hostile gzip file can make us allocate. */
const maxBytes = 2 ** 31 - 1;

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
  const expectedMagic = dimensions === undefined ? '0x0000080n' : hex(0x800 + dimensions);
  if (bytes.length < 4)
    throw new DataError(
      `${name} is truncated: an IDX file begins with 4 bytes of magic number, received ${bytes.length} bytes. ${again}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const rank = magic & 0xff;
  if (magic >>> 8 !== 8 || rank < 1 || rank > 4 || (dimensions !== undefined && rank !== dimensions))
    throw new DataError(
      `${name} is not the IDX file it should be: expected magic number ${expectedMagic}, received ${hex(magic)}. ${hint(magic, dimensions)}`,
    );
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    throw new DataError(
      `${name} is truncated: expected a header of ${header} bytes, received ${bytes.length} bytes. ${again}`,
    );
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== expected)
    throw new DataError(
      `${name} is ${bytes.length < expected ? 'truncated' : 'oversized'}: its header says ${shape.join(' x ')}, ` +
        `so expected ${expected} bytes, received ${bytes.length} bytes. ${again}`,
    );
  return { shape, data: bytes.subarray(header) };
}

/** Options of {@link idxDataset}. */
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
  const { imagesName = 'The images file', labelsName = 'The labels file' } = options ?? {};
  checkBytes('images', options?.images);
  checkBytes('labels', options?.labels);
  const images = decodeIdx(await inflate(options.images, imagesName), { name: imagesName, dimensions: 3 });
  const labels = decodeIdx(await inflate(options.labels, labelsName), { name: labelsName, dimensions: 1 });
  const [count, height, width] = images.shape;
  if (count !== labels.shape[0])
    throw new DataError(
      `${imagesName} holds ${count} images, but ${labelsName} holds ${labels.shape[0]} labels: they do not belong together.`,
    );
  if (count === 0 || height === 0 || width === 0)
    throw new DataError(
      `${imagesName} is empty: its header says ${images.shape.join(' x ')}. Give a file with images.`,
    );
  const { data } = labels;
  const classes = options.classes ?? digits;
  const wrong = data.findIndex((label) => label >= classes.length);
  if (wrong >= 0)
    throw new DataError(
      `${labelsName}: label ${wrong} is ${data[wrong]}, expected 0 to ${classes.length - 1}. Give the file that belongs to the images, or more \`classes\`.`,
    );
  return new ArrayDataset({ images: images.data, labels: data, shape: [height, width, 1], classes });
}

/**
 * The contents of a gzip file, or the bytes themselves when they are not gzip. The result is in shared
 * memory where there is any, so that a data set need not copy it.
 *
 * @throws DataError when the gzip data are damaged or cut off.
 */
export async function inflate(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    // A Blob does not take shared memory.
    const plain = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
    const stream = new Blob([plain as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value);
      length += next.value.length;
      if (length > maxBytes) throw new Error(`it unpacks to more than ${maxBytes} bytes`);
    }
  } catch (error) {
    throw new DataError(
      `${name} cannot be unpacked (${bytes.length} bytes of gzip): ${error instanceof Error ? error.message : error}. ${again}`,
      { cause: error },
    );
  }
  const out = allocate(bytes, length);
  let start = 0;
  for (const chunk of chunks) {
    out.set(chunk, start);
    start += chunk.length;
  }
  return out;
}

const again = 'Delete the file and get it again.';

function hint(magic: number, dimensions: number | undefined): string {
  if (magic >>> 16 === 0x1f8b) return 'It is compressed: unpack it first.';
  if (magic === 0x803 && dimensions === 1) return 'It holds images: give the labels file here.';
  if (magic === 0x801 && dimensions === 3) return 'It holds labels: give the images file here.';
  if (magic >>> 24 === 0x3c) return 'It looks like a web page: the download went wrong, get it again.';
  return 'Only unsigned bytes can be read. Check that this is the right file.';
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
