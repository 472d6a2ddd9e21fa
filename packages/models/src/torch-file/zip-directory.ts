import { CheckpointError } from '@mnist-kit/core';
import { ByteReader } from './byte-reader.js';
import { findDirectory } from './zip-end-record.js';

/** One file of a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Whether the bytes in the archive are deflated; otherwise they are the content itself. */
  readonly deflated: boolean;
  /** CRC-32 of the content. */
  readonly crc: number;
  /** Declared bytes of the content. */
  readonly size: number;
  /** Where the entry's own header begins. */
  readonly offset: number;
  /** Where its bytes begin in the archive, and how many there are. */
  start: number;
  readonly storedSize: number;
}

const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const encrypted = 1;
const all32 = 0xffffffff;
const zip64Extra = 1;
/** A checkpoint has one for each tensor, and three or four with the state of an optimizer. */
const maxEntries = 250_000;

/**
 * Reads the table of contents of a zip archive (APPNOTE.TXT, https://pkware.com/appnote).
 *
 * Stricter than most readers: one disk, no encryption, stored or deflated, unique names, no two entries that
 * share bytes. So the entries together are never larger than the file, unless they are deflated.
 *
 * @throws CheckpointError when anything is not so.
 */
export function readZipDirectory(file: Uint8Array): Map<string, ZipEntry> {
  const directory = findDirectory(file);
  const bytes = file.subarray(directory.start, directory.end);
  if (directory.count > maxEntries)
    throw new CheckpointError(
      `The zip archive must have at most ${maxEntries} entries. Received: ${directory.count}`,
    );
  const reader = new ByteReader(bytes, "the zip archive's table of contents");
  const records: ZipEntry[] = [];
  for (let i = 0; i < directory.count; i++) records.push(readRecord(reader));
  if (reader.remaining > 0)
    throw new CheckpointError(
      `The zip archive's table of contents must end after ${directory.count} entries. Received: ${reader.remaining} more bytes`,
    );

  const entries = new Map<string, ZipEntry>();
  const local = new ByteReader(file.subarray(0, directory.start), 'the zip archive');
  for (const record of records.sort((a, b) => a.offset - b.offset)) {
    if (record.offset < local.position)
      throw new CheckpointError(`Zip entry ${show(record.name)} must not share bytes with another.`);
    if (entries.has(record.name))
      throw new CheckpointError(`The zip archive must not have two entries named ${show(record.name)}.`);
    local.position = record.offset;
    readLocal(local, record);
    entries.set(record.name, record);
  }
  return entries;
}

function readRecord(reader: ByteReader): ZipEntry {
  if (reader.u32() !== centralSignature)
    throw new CheckpointError("The zip archive's table of contents is damaged.");
  reader.skip(4);
  const flags = reader.u16();
  const method = reader.u16();
  reader.skip(4);
  const crc = reader.u32();
  let storedSize = reader.u32();
  let size = reader.u32();
  const nameLength = reader.u16();
  const extraLength = reader.u16();
  const commentLength = reader.u16();
  const disk = reader.u16();
  reader.skip(6);
  let offset = reader.u32();
  const name = reader.text(nameLength);
  const extraEnd = reader.position + extraLength;
  if (size === all32 || storedSize === all32 || offset === all32) {
    const extra = new ByteReader(reader.take(extraLength), `the zip entry ${show(name)}`);
    while (extra.remaining >= 4) {
      const id = extra.u16();
      const field = new ByteReader(extra.take(extra.u16()), `the zip64 field of ${show(name)}`);
      if (id !== zip64Extra) continue;
      if (size === all32) size = field.u64();
      if (storedSize === all32) storedSize = field.u64();
      if (offset === all32) offset = field.u64();
    }
  }
  reader.skip(extraEnd - reader.position + commentLength);

  if (flags & encrypted) throw new CheckpointError(`Zip entry ${show(name)} must not be encrypted.`);
  if (method !== 0 && method !== 8)
    throw new CheckpointError(
      `Zip entry ${show(name)} must be stored (0) or deflated (8). Received: compression method ${method}`,
    );
  if (disk !== 0) throw new CheckpointError('The zip archive must not be split over several files.');
  if (method === 0 && size !== storedSize)
    throw new CheckpointError(
      `Zip entry ${show(name)} is stored and must have one size. Received: ${storedSize} and ${size} bytes`,
    );
  return { name, deflated: method === 8, crc, size, offset, start: 0, storedSize };
}

/** The entry's own header repeats what the table of contents says; torch leaves its sizes 0. */
function readLocal(reader: ByteReader, entry: ZipEntry): void {
  const signature = reader.u32();
  reader.skip(4);
  const method = reader.u16();
  reader.skip(16);
  const nameLength = reader.u16();
  const extraLength = reader.u16();
  const { name, deflated, storedSize } = entry;
  if (signature !== localSignature || method !== (deflated ? 8 : 0) || reader.text(nameLength) !== name)
    throw new CheckpointError(`The header of zip entry ${show(name)} does not fit the table of contents.`);
  reader.skip(extraLength);
  entry.start = reader.position;
  reader.skip(storedSize);
}

function show(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
