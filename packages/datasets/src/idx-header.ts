import { DataError } from '@mnist-kit/core';

/** What an IDX file says about itself. */
export interface IdxHeader {
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** Where the values begin: the size of the header in bytes. */
  readonly start: number;
  /** Size of the whole file in bytes. */
  readonly bytes: number;
}

/**
 * Reads the header of an IDX file of unsigned bytes.
 *
 * @param head The file's first bytes: 4 and 4 for each dimension, or all of it where it is shorter.
 * @param dimensions Number of dimensions that must be there; undefined for any from 1 to 4.
 * @throws DataError when the bytes are no such header.
 */
export function readIdxHeader(head: Uint8Array, name: string, dimensions: number | undefined): IdxHeader {
  if (head.length < 4)
    throw new DataError(
      `${name} is truncated: an IDX file begins with 4 bytes of magic number, received ${head.length} bytes. ${again}`,
    );
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const magic = view.getUint32(0);
  const rank = magic & 0xff;
  const expectedMagic = dimensions === undefined ? '0x0000080n' : hex(0x800 + dimensions);
  if (magic >>> 8 !== 8 || rank < 1 || rank > 4 || (dimensions !== undefined && rank !== dimensions))
    throw new DataError(
      `${name} is not the IDX file it should be: expected magic number ${expectedMagic}, received ${hex(magic)}. ${hint(magic, dimensions)}`,
    );
  const start = 4 + 4 * rank;
  if (head.length < start)
    throw new DataError(
      `${name} is truncated: expected a header of ${start} bytes, received ${head.length} bytes. ${again}`,
    );
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const bytes = start + shape.reduce((a, b) => a * b, 1);
  return { shape, start, bytes };
}

/**
 * Throws unless a file has the size that its header says.
 *
 * @throws DataError when it has not.
 */
export function checkIdxSize({ shape, bytes }: IdxHeader, received: number, name: string): void {
  if (received !== bytes)
    throw new DataError(
      `${name} is ${received < bytes ? 'truncated' : 'oversized'}: its header says ${shape.join(' x ')}, ` +
        `so expected ${bytes} bytes, received ${received} bytes. ${again}`,
    );
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
