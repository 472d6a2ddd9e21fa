import { CheckpointError } from '@mnist-kit/core';
import { bytesPerValue } from '../safetensors-values.js';
import { Opaque, type PickleValue, StorageType, Tuple } from './pickle-values.js';
import { Storage } from './storage.js';
import type { ZipArchive } from './zip-archive.js';

/** Turns a pickle's persistent ids into the storages of a .pth file. */
export class Storages {
  readonly #archive: ZipArchive;
  readonly #prefix: string;
  readonly #storages = new Map<string, Storage>();

  /** @param prefix Begin of the names of the archive's entries: "archive/". */
  constructor(archive: ZipArchive, prefix: string) {
    this.#archive = archive;
    this.#prefix = prefix;
  }

  /**
   * The storage of a persistent id, which is `('storage', class, key, location, number of values)`.
   *
   * @returns Something opaque when the class is not known.
   * @throws CheckpointError when the id is anything else, the entry is missing or its size does not fit.
   */
  find(id: PickleValue): Storage | Opaque {
    const [tag, type, key, location, length, ...rest] = id instanceof Tuple ? id.items : [];
    if (
      tag !== 'storage' ||
      !(type instanceof StorageType || type instanceof Opaque) ||
      typeof key !== 'string' ||
      typeof location !== 'string' ||
      typeof length !== 'number' ||
      rest.length > 0
    )
      throw new CheckpointError(
        "A persistent id must be ('storage', storage class, key, location, number of values).",
      );
    if (type instanceof Opaque) return type;
    const known = this.#storages.get(key);
    if (known !== undefined) {
      if (known.dtype === type.dtype && known.length === length) return known;
      throw new CheckpointError(`Storage ${JSON.stringify(key)} must have one type and one size.`);
    }
    const name = `${this.#prefix}data/${key}`;
    const size = this.#archive.size(name);
    const expected = length * bytesPerValue(type.dtype)!;
    if (size !== expected)
      throw new CheckpointError(
        `Storage ${JSON.stringify(key)} (${type.name}, ${length} values) must have ${expected} bytes. Received: ${size ?? 'no such entry'}`,
      );
    const storage = new Storage(key, type.dtype, length, () => this.#archive.read(name));
    this.#storages.set(key, storage);
    return storage;
  }
}
