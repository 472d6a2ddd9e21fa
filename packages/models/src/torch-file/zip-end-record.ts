import { CheckpointError } from '@mnist-kit/core';
import { ByteReader } from './byte-reader.js';

/** Where a zip archive keeps its table of contents. */
export interface DirectoryPlace {
  readonly start: number;
  readonly end: number;
  /** Number of entries. */
  readonly count: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;
const locatorBytes = 20;
const maxComment = 0xffff;
const all16 = 0xffff;
const all32 = 0xffffffff;

/**
 * Finds the table of contents from the records at the end of a zip archive; `torch.save` always writes the
 * zip64 records too.
 *
 * @throws CheckpointError when the file does not end as a zip archive does.
 */
export function findDirectory(file: Uint8Array): DirectoryPlace {
  const at = findEndRecord(file);
  const reader = new ByteReader(file, 'the end record of the zip archive', at + 4);
  const disks = [reader.u16(), reader.u16()];
  reader.u16();
  const count = reader.u16();
  const size = reader.u32();
  const start = reader.u32();
  if (disks.some((disk) => disk !== 0 && disk !== all16))
    throw new CheckpointError('The zip archive must not be split over several files.');

  const wide = readEnd64(file, at);
  if (wide === undefined) return checkPlace({ start, end: at, count }, size);
  const fits = (narrow: number, full: number, all: number) => narrow === all || narrow === full;
  if (!fits(count, wide.count, all16) || !fits(size, wide.size, all32) || !fits(start, wide.start, all32))
    throw new CheckpointError('The two end records of the zip archive must say the same.');
  return checkPlace({ start: wide.start, end: wide.at, count: wide.count }, wide.size);
}

function findEndRecord(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const last = file.length - endBytes;
  for (let at = last; at >= Math.max(0, last - maxComment); at--)
    if (view.getUint32(at, true) === endSignature && view.getUint16(at + 20, true) === last - at) return at;
  throw new CheckpointError(
    'A .pth file must be a zip archive as torch.save writes it since PyTorch 1.6. ' +
      `Received: ${file.length} bytes without a zip end record (truncated, or another format)`,
  );
}

/** The zip64 record, which a locator just before the end record at `end` points to. */
function readEnd64(file: Uint8Array, end: number) {
  if (end < locatorBytes) return undefined;
  const locator = new ByteReader(file, 'the zip64 locator', end - locatorBytes);
  if (locator.u32() !== locatorSignature) return undefined;
  locator.u32();
  const at = locator.u64();
  const reader = new ByteReader(file.subarray(0, end - locatorBytes), 'the zip64 end record', at);
  const signature = reader.u32();
  const length = reader.u64();
  if (signature !== end64Signature || length !== reader.remaining)
    throw new CheckpointError('The zip64 end record must stand where its locator says.');
  reader.take(12);
  reader.u64();
  return { at, count: reader.u64(), size: reader.u64(), start: reader.u64() };
}

function checkPlace(place: DirectoryPlace, size: number): DirectoryPlace {
  if (place.start + size !== place.end)
    throw new CheckpointError(
      `The zip archive's table of contents must end at byte ${place.end}. Received: ${place.start} + ${size} bytes`,
    );
  return place;
}
