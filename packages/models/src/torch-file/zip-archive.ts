import { CheckpointError } from '@mnist-kit/core';
import { Inflate } from 'fflate';
import { crc32 } from './crc32.js';
import { readZipDirectory, type ZipEntry } from './zip-directory.js';

/** Deflate turns a byte into so many at most. */
const maxRatio = 1032;
/** A step never makes more than 1 MB. */
const inflateStep = 1024;

/** A zip archive in memory whose entries are read when they are asked for. */
export class ZipArchive {
  readonly #file: Uint8Array;
  readonly #entries: Map<string, ZipEntry>;
  readonly #maxInflatedBytes: number;
  #inflatedBytes = 0;

  /**
   * @param file The whole archive.
   * @param maxInflatedBytes Most bytes that deflated entries may have, all together.
   * @throws CheckpointError when the archive is damaged.
   */
  constructor(file: Uint8Array, maxInflatedBytes: number) {
    this.#file = file;
    this.#entries = readZipDirectory(file);
    this.#maxInflatedBytes = maxInflatedBytes;
  }

  /** Names of the entries. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Declared bytes of an entry, or undefined when there is none of that name. */
  size(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /**
   * The content of an entry; a view of the archive unless it was deflated.
   *
   * @throws CheckpointError when there is no such entry, its checksum or size is wrong, or it is too large.
   */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new CheckpointError(`The .pth file lacks its entry "${name}".`);
    const stored = this.#file.subarray(entry.start, entry.start + entry.storedSize);
    const content = entry.deflated ? this.#inflate(entry, stored) : stored;
    if (crc32(content) !== entry.crc)
      throw new CheckpointError(`Entry "${name}" of the .pth file is damaged: its checksum is wrong.`);
    return content;
  }

  #inflate({ name, size }: ZipEntry, stored: Uint8Array): Uint8Array {
    this.#inflatedBytes += size;
    if (this.#inflatedBytes > this.#maxInflatedBytes)
      throw new CheckpointError(
        `The deflated entries of the .pth file must have at most maxInflatedBytes=${this.#maxInflatedBytes} bytes. Received: ${this.#inflatedBytes} or more`,
      );
    if (size > stored.length * maxRatio)
      throw new CheckpointError(
        `Entry "${name}" of the .pth file cannot inflate to the ${size} bytes declared. Received: ${stored.length} bytes`,
      );
    const content = new Uint8Array(size);
    let length = 0;
    const inflate = new Inflate((chunk) => {
      if (length + chunk.length <= size) content.set(chunk, length);
      length += chunk.length;
    });
    try {
      // The declared size may be a lie, so the stream is stopped as soon as it gives more.
      for (let at = 0; at < stored.length && length <= size; at += inflateStep)
        inflate.push(stored.subarray(at, at + inflateStep), at + inflateStep >= stored.length);
    } catch (error) {
      throw new CheckpointError(`Entry "${name}" of the .pth file cannot be inflated.`, { cause: error });
    }
    if (length !== size)
      throw new CheckpointError(
        `Entry "${name}" of the .pth file must inflate to the ${size} bytes declared. Received: ${length > size ? 'more' : length}`,
      );
    return content;
  }
}
