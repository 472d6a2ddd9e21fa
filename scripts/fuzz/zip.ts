import { crc32 } from 'node:zlib';

const localHeader = 30;
const centralHeader = 46;
const endRecord = 22;

/** A zip archive of stored entries, as plain as can be. */
export function zip(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of entries) {
    const name = new TextEncoder().encode(path);
    const crc = crc32(content);
    const local = Buffer.alloc(localHeader);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(crc, 14);
    local.writeUInt32LE(content.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const record = Buffer.alloc(centralHeader);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt32LE(crc, 16);
    record.writeUInt32LE(content.length, 20);
    record.writeUInt32LE(content.length, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt32LE(offset, 42);
    parts.push(local, name, content);
    central.push(record, name);
    offset += localHeader + name.length + content.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(endRecord);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, ...central, end]));
}

/** The stored entries of an archive that is as it should be; undefined for another. */
export function unzip(archive: Uint8Array): [string, Uint8Array][] | undefined {
  const entries: [string, Uint8Array][] = [];
  for (const { name, start, size, method } of storedPlaces(archive)) {
    if (method !== 0) return undefined;
    entries.push([name, archive.subarray(start, start + size)]);
  }
  return entries.length > 0 ? entries : undefined;
}

/** Makes the checksums of stored entries right, so that a reader gets beyond them. */
export function mendChecksums(archive: Uint8Array): Uint8Array {
  const mended = archive.slice();
  const view = new DataView(mended.buffer);
  for (const { record, start, size, method } of storedPlaces(archive))
    if (method === 0) view.setUint32(record + 16, crc32(mended.subarray(start, start + size)), true);
  return mended;
}

/** What the table of contents says, as far as it makes sense. */
function storedPlaces(archive: Uint8Array) {
  const file = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const places: { record: number; name: string; start: number; size: number; method: number }[] = [];
  const signature = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
  for (let at = file.indexOf(signature); at >= 0; at = file.indexOf(signature, at + 4)) {
    if (at + centralHeader > file.length || places.length > 1000) break;
    const name = file.toString('utf8', at + centralHeader, at + centralHeader + file.readUInt16LE(at + 28));
    const local = file.readUInt32LE(at + 42);
    const size = file.readUInt32LE(at + 20);
    if (local + localHeader > file.length) continue;
    const start = local + localHeader + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    if (start + size <= file.length)
      places.push({ record: at, name, start, size, method: file.readUInt16LE(at + 10) });
  }
  return places;
}
