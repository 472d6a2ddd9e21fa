import { DataError, type FileBytes } from '@mnist-kit/core';
import type { ByteSource } from './byte-source.js';
import { allocate } from './dataset.js';

/** Packed bytes that are read at a time. */
const pieceSize = 2 ** 16;
/** How far into a gzip file its first bytes are looked for: names in its header can be as long as they like. */
const maxHead = 2 ** 20;
/** What a gzip file may hold however small it is. */
const freeSize = 48 * 2 ** 20;
/** How many times its own size a larger one may hold; images pack to a third or a tenth. */
const maxRatio = 16;
/** What a gzip file may have beyond twice what it holds: headers, empty blocks, zeros behind its end. */
const freePadding = 2 ** 20;
/** What is unpacked into memory before the end was seen to be right. */
const maxUnchecked = 2 ** 25;

/** Whether bytes begin as a gzip file does (RFC 1952). */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * The first `length` unpacked bytes of a gzip file, or all of them where there are fewer. No more than that is
 * unpacked, give or take a piece.
 *
 * @throws DataError when the gzip data are damaged or cut off before that.
 */
export async function unpackHead(source: ByteSource, length: number): Promise<Uint8Array> {
  const head = new Uint8Array(length);
  let filled = 0;
  try {
    for await (const piece of unpackedPieces({ ...source, size: Math.min(source.size, maxHead) })) {
      head.set(piece.subarray(0, length - filled), filled);
      filled = Math.min(length, filled + piece.length);
      if (filled === length) break;
    }
  } catch (error) {
    if (source.size <= maxHead) throw error;
    throw new DataError(
      `${source.name} cannot be unpacked: its first ${maxHead} bytes of gzip are damaged or hold too little. Delete the file and get it again.`,
      { cause: error },
    );
  }
  return head.subarray(0, filled);
}

/**
 * Unpacks a gzip file that must hold `size` bytes, and stops as soon as there are more. The result is in shared
 * memory where there is any, so that a data set need not copy it.
 *
 * A small file can claim to hold gigabytes, and only its end shows whether that is so. Hence the bounds on
 * `size`, and a first pass that keeps nothing where much memory would be filled.
 *
 * @throws DataError when the gzip data are damaged or cut off, hold another number of bytes, or far more than
 * images pack to.
 */
export async function unpack(source: ByteSource, size: number): Promise<Uint8Array> {
  if (size > Math.max(freeSize, maxRatio * source.size))
    throw new DataError(
      `${source.name} claims to hold ${size} bytes in ${source.size} bytes of gzip, over ${maxRatio} times as much. ` +
        'If that is right, unpack it with gunzip and give the unpacked file.',
    );
  checkPackedSize(source, size);
  if (size > maxUnchecked) await unpackInto(undefined, source, size);
  const out = allocate(new Uint8Array(0), size);
  await unpackInto(out, source, size);
  return out;
}

function checkPackedSize(source: ByteSource, size: number): void {
  if (source.size > 2 * size + freePadding)
    throw new DataError(
      `${source.name} is oversized: ${size} unpacked bytes do not make ${source.size} bytes of gzip. ` +
        'Delete the file and get it again.',
    );
}

/**
 * Whether a gzip file holds these bytes and no others.
 *
 * @throws DataError when the gzip data are damaged or cut off, or far more than these bytes make.
 */
export async function unpacksTo(source: ByteSource, bytes: Uint8Array): Promise<boolean> {
  checkPackedSize(source, bytes.length);
  let start = 0;
  for await (const piece of unpackedPieces(source)) {
    if (start + piece.length > bytes.length) return false;
    for (let i = 0; i < piece.length; i++) if (piece[i] !== bytes[start + i]) return false;
    start += piece.length;
  }
  return start === bytes.length;
}

async function unpackInto(out: Uint8Array | undefined, source: ByteSource, size: number): Promise<void> {
  const wrong = (received: string) =>
    new DataError(
      `${source.name} does not hold what its header says: expected ${size} unpacked bytes, received ${received}. ` +
        'Delete the file and get it again.',
    );
  let length = 0;
  for await (const piece of unpackedPieces(source)) {
    if (length + piece.length > size) throw wrong('more');
    out?.set(piece, length);
    length += piece.length;
  }
  if (length < size) throw wrong(`${length} bytes`);
}

/** What a gzip file holds, piece by piece; packed bytes are read as the pieces are asked for. */
async function* unpackedPieces(source: ByteSource): AsyncGenerator<Uint8Array> {
  let start = 0;
  let broken: unknown;
  const packed = new ReadableStream<FileBytes>(
    {
      async pull(controller) {
        const length = Math.min(pieceSize, source.size - start);
        if (length === 0) return controller.close();
        try {
          // Streams do not take shared memory.
          controller.enqueue(ownBytes(await source.read(start, length)));
          start += length;
        } catch (error) {
          broken = error;
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const next = await reader.read().catch((error: unknown) => {
        throw broken ?? damaged(source, error);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function ownBytes(bytes: Uint8Array): FileBytes {
  return (bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()) as FileBytes;
}

function damaged({ name, size }: ByteSource, error: unknown): DataError {
  return new DataError(
    `${name} cannot be unpacked (${size} bytes of gzip): ${error instanceof Error ? error.message : error}. Delete the file and get it again.`,
    { cause: error },
  );
}
