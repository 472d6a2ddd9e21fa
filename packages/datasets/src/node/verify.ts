import { createHash } from 'node:crypto';
import { DataError } from '@mnist-kit/core';
import type { IdxFile } from '../idx-file.js';
import { type Parts, type SourceFile, splitOf } from '../sources.js';

const todo = 'Delete it and get it again, or pass `verify: false` if it is a file of your own.';

/**
 * A file that throws when it is read and has another checksum than it should.
 *
 * @throws DataError at once when it has another size.
 */
export function verified(idx: IdxFile, part: keyof Parts<unknown>, file: SourceFile): IdxFile {
  const { name, header } = idx;
  if (header.bytes !== file.bytes)
    throw new DataError(
      `${name} is another file than it should be: expected ${file.bytes} bytes, received ${header.bytes} bytes (${header.shape.join(' x ')}). ${todo}`,
    );
  const read = async () => {
    const bytes = await idx.read();
    const md5 = md5Of(bytes);
    if (md5 === file.md5) return bytes;
    const split = splitOf(part, md5);
    const known = split === undefined ? '' : `, the ${part} of ${split}`;
    throw new DataError(
      `${name} has a wrong checksum: expected MD5 ${file.md5}, received ${md5}${known}. ${todo}`,
    );
  };
  return { ...idx, read };
}

/**
 * Throws where images and labels are both of MNIST or Fashion-MNIST, but not of the same split. Images of one's
 * own may well have labels of theirs.
 *
 * @throws DataError when they do not belong together.
 */
export async function checkPartners({ images, labels }: Parts<IdxFile>): Promise<void> {
  const labelled = splitOf('labels', md5Of(await labels.read()));
  if (labelled === undefined) return;
  const pictured = splitOf('images', md5Of(await images.read()));
  if (pictured === undefined || pictured === labelled) return;
  throw new DataError(
    `${images.name} holds the images of ${pictured}, but ${labels.name} the labels of ${labelled}: they do not belong together.`,
  );
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
