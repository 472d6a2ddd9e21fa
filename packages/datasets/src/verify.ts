import { DataError, type MaybePromise } from '@mnist-kit/core';
import type { IdxFile } from './idx-file.js';
import { type Parts, type SourceFile, splitOf } from './sources.js';

/** How files are told from others. */
export interface Digest {
  /** As messages call it. */
  readonly name: string;
  /** That of bytes, in hexadecimal. */
  of(bytes: Uint8Array): MaybePromise<string>;
  /** That of a file as it should be. */
  expected(file: SourceFile): string;
  /** What to do about a file that is another one. */
  readonly again: string;
}

/**
 * A file that throws when it is read and has another checksum than it should.
 *
 * @throws DataError at once when it has another size.
 */
export function verified(
  idx: IdxFile,
  part: keyof Parts<unknown>,
  file: SourceFile,
  digest: Digest,
): IdxFile {
  const { name, header } = idx;
  const todo = `${digest.again}, or pass \`verify: false\` if it is a file of your own.`;
  if (header.bytes !== file.bytes)
    throw new DataError(
      `${name} is another file than it should be: expected ${file.bytes} bytes, received ${header.bytes} bytes (${header.shape.join(' x ')}). ${todo}`,
    );
  let right: Promise<Uint8Array> | undefined;
  const check = async () => {
    const bytes = await idx.read();
    const received = await digest.of(bytes);
    const expected = digest.expected(file);
    if (received === expected) return bytes;
    const split = splitOf(part, received);
    const known = split === undefined ? '' : `, the ${part} of ${split}`;
    throw new DataError(
      `${name} has a wrong checksum: expected ${digest.name} ${expected}, received ${received}${known}. ${todo}`,
    );
  };
  const read = () => {
    right ??= check();
    return right;
  };
  return { ...idx, read };
}

/**
 * Throws where images and labels are both of MNIST or Fashion-MNIST, but not of the same split. Images of one's
 * own may well have labels of theirs.
 *
 * @throws DataError when they do not belong together.
 */
export async function checkPartners({ images, labels }: Parts<IdxFile>, digest: Digest): Promise<void> {
  const labelled = splitOf('labels', await digest.of(await labels.read()));
  if (labelled === undefined) return;
  const pictured = splitOf('images', await digest.of(await images.read()));
  if (pictured === undefined || pictured === labelled) return;
  throw new DataError(
    `${images.name} holds the images of ${pictured}, but ${labels.name} the labels of ${labelled}: they do not belong together.`,
  );
}
