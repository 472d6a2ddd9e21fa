import { gzipSync } from 'node:zlib';

/** An IDX file of unsigned bytes, byte by byte as its format says. */
export function idxFile(shape: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x800 + shape.length);
  shape.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([header, data]);
}

let zeros: Buffer | undefined;

/** A gzip file that begins with `head` and goes on with `count` times 64 MiB of zeros: 64 KiB each. */
export function gzipBomb(head: Uint8Array, count: number): Buffer {
  zeros ??= gzipSync(Buffer.alloc(2 ** 26));
  return Buffer.concat([gzipSync(head), ...Array<Buffer>(count).fill(zeros)]);
}
