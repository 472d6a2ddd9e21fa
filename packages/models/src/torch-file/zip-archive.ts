import { CheckpointError } from '@mnist-kit/core';
import { Inflate } from 'fflate';
import { crc32 } from './crc32.js';
import { readZipDirectory, type ZipEntry } from './zip-directory.js';

/** Deflate turns a byte into 1032 at most, so a step never makes more than 4 MB. */
const inflateStep = 4096;

/** A zip archive in memory whose entries are read when they are asked for. */
export class ZipArchive {
  readonly #entries: Map<string, ZipEntry>;
  readonly #maxInflatedBytes: number;
  #inflatedBytes = 0;

  /**
   * @param file The whole archive.
   * @param maxInflatedBytes Most bytes that deflated entries may have, all together.
   * @throws CheckpointError when the archive is damaged.
   */
  constructor(file: Uint8Array, maxInflatedBytes: number) {
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
    const content = entry.deflated ? this.#inflate(entry) : entry.stored;
    if (crc32(content) !== entry.crc)
      throw new CheckpointError(`Entry "${name}" of the .pth file is damaged: its checksum is wrong.`);
    return content;
  }

  #inflate({ name, size, stored }: ZipEntry): Uint8Array {
    this.#inflatedBytes += size;
    if (this.#inflatedBytes > this.#maxInflatedBytes)
      throw new CheckpointError(
        `The deflated entries of the .pth file must have at most maxInflatedBytes=${this.#maxInflatedBytes} bytes. Received: ${this.#inflatedBytes} or more`,
      );
    const chunks: Uint8Array[] = [];
    let length = 0;
    const inflate = new Inflate((chunk) => {
      length += chunk.length;
      chunks.push(chunk);
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
    const content = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      content.set(chunk, at);
      at += chunk.length;
    }
    return content;
  }
}
