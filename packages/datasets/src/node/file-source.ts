import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { DataError } from '@mnist-kit/core';
import type { ByteSource } from '../byte-source.js';
import { allocate } from '../dataset.js';

/** Node reads fewer than 2^31 bytes at a time. */
const maxRead = 2 ** 30;

/** An open file; its bytes come in shared memory where there is any. */
export interface FileSource extends ByteSource {
  /**
   * Throws when the file was changed since it was opened.
   *
   * @throws DataError when it was.
   */
  checkUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file. Pipes, devices, sockets and folders are refused: to open a pipe waits for a writer, and a device
 * has no end.
 *
 * @throws DataError when there is none, it is no plain file or may not be read.
 */
export async function openFile(path: string): Promise<FileSource> {
  let file: FileHandle | undefined;
  try {
    checkPlain(path, await stat(path, { bigint: true }));
    // What was put there in between must not block either.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const before = await file.stat({ bigint: true });
    checkPlain(path, before);
    return source(path, file, before);
  } catch (error) {
    await file?.close();
    throw cannotRead(path, error);
  }
}

function source(path: string, file: FileHandle, before: BigIntStats): FileSource {
  const size = Number(before.size);
  const changed = (now: string) =>
    new DataError(
      `${path} was changed while it was read: expected ${size} bytes of ${before.mtime.toISOString()}, received ${now}. ` +
        'Try again when it is complete.',
    );
  return {
    name: path,
    size,
    async read(start, length) {
      try {
        const bytes = allocate(new Uint8Array(0), length);
        for (let filled = 0; filled < length; ) {
          const piece = Math.min(length - filled, maxRead);
          const { bytesRead } = await file.read(bytes, filled, piece, start + filled);
          if (bytesRead === 0) throw changed(`${start + filled} bytes`);
          filled += bytesRead;
        }
        return bytes;
      } catch (error) {
        throw cannotRead(path, error);
      }
    },
    async checkUnchanged() {
      const after = await file.stat({ bigint: true });
      if (after.size !== before.size || after.mtimeNs !== before.mtimeNs)
        throw changed(`${after.size} bytes of ${after.mtime.toISOString()}`);
    },
    close: () => file.close(),
  };
}

function checkPlain(path: string, entry: BigIntStats): void {
  if (entry.isFile()) return;
  const kind = entry.isDirectory()
    ? 'a folder'
    : entry.isFIFO()
      ? 'a pipe'
      : entry.isSocket()
        ? 'a socket'
        : 'a device';
  throw new DataError(`${path} cannot be read: it is ${kind}, expected a file. Put the file there.`);
}

function cannotRead(path: string, error: unknown): Error {
  if (error instanceof DataError) return error;
  return new DataError(
    `${path} cannot be read: ${error instanceof Error ? error.message : error}. Check that it is a file you may read.`,
    { cause: error },
  );
}
