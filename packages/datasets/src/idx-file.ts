import { DataError } from '@mnist-kit/core';
import type { ByteSource } from './byte-source.js';
import { ArrayDataset } from './dataset.js';
import { isGzip, unpack, unpackHead } from './gzip.js';
import { checkIdxSize, type IdxHeader, readIdxHeader } from './idx-header.js';

/** Number of dimensions of each file. */
export const dimensionsOf = { images: 3, labels: 1 } as const;

/** An IDX file whose header was read. */
export interface IdxFile {
  readonly name: string;
  readonly header: IdxHeader;
  /**
   * The whole file, unpacked; the same bytes at each call.
   *
   * @throws DataError when it cannot be read or unpacked.
   */
  read(): Promise<Uint8Array>;
}

/**
 * Reads the header of an IDX file, plain or gzip, and no more of it. A plain file of another size than it says is
 * refused here, before memory is asked for.
 *
 * @throws DataError when it is no such file, or a plain one is cut off or has something behind its end.
 */
export async function openIdx(source: ByteSource, dimensions: number): Promise<IdxFile> {
  const { name, size } = source;
  const length = 4 + 4 * dimensions;
  const first = await source.read(0, Math.min(length, size));
  const packed = isGzip(first);
  const header = readIdxHeader(packed ? await unpackHead(source, length) : first, name, dimensions);
  if (!packed) checkIdxSize(header, size, name);
  const load = async () => (packed ? unpack(source, header.bytes) : source.read(0, size));
  let whole: Promise<Uint8Array> | undefined;
  const read = () => {
    whole ??= load();
    return whole;
  };
  return { name, header, read };
}

/**
 * A data set of grey images from two IDX files.
 *
 * @throws DataError when the files do not belong together, are damaged, there is no sample or a label is out of
 * range.
 */
export async function idxFilesDataset(
  images: IdxFile,
  labels: IdxFile,
  classes: readonly string[],
): Promise<ArrayDataset> {
  // The headers first: what does not belong together need not be read.
  const [count, height, width] = images.header.shape;
  const [labelCount] = labels.header.shape;
  if (count !== labelCount)
    throw new DataError(
      `${images.name} holds ${count} images, but ${labels.name} holds ${labelCount} labels: they do not belong together.`,
    );
  if (count === 0 || height === 0 || width === 0)
    throw new DataError(
      `${images.name} is empty: its header says ${images.header.shape.join(' x ')}. Give a file with images.`,
    );
  const indices = (await labels.read()).subarray(labels.header.start);
  const wrong = indices.findIndex((label) => label >= classes.length);
  if (wrong >= 0)
    throw new DataError(
      `${labels.name}: label ${wrong} is ${indices[wrong]}, expected 0 to ${classes.length - 1}. Give the file that belongs to the images, or more \`classes\`.`,
    );
  const pixels = (await images.read()).subarray(images.header.start);
  return new ArrayDataset({ images: pixels, labels: indices, shape: [height, width, 1], classes });
}
