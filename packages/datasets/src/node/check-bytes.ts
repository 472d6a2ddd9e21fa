import { createHash } from 'node:crypto';
import { DataError } from '@mnist-kit/core';
import type { SourceFile } from '../sources.js';

/**
 * Throws unless the unpacked bytes are the file's.
 *
 * @throws DataError naming size or checksum.
 */
export function checkBytes(file: SourceFile, bytes: Uint8Array, path: string): void {
  const todo = 'Delete it and get it again, or pass `verify: false` if it is a file of your own.';
  if (bytes.length !== file.bytes)
    throw new DataError(
      `${path} is ${bytes.length < file.bytes ? 'truncated' : 'oversized'}: expected ${file.bytes} bytes, received ${bytes.length} bytes. ${todo}`,
    );
  const md5 = createHash('md5').update(bytes).digest('hex');
  if (md5 !== file.md5)
    throw new DataError(`${path} has a wrong checksum: expected MD5 ${file.md5}, received ${md5}. ${todo}`);
}
