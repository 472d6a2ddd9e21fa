import { CheckpointError, DataError } from '@mnist-kit/core';
import { bytesPerValue, decodeValues } from '../safetensors-values.js';
import type { PickleValue } from './pickle-values.js';
import { StorageType, Tuple } from './pickle-values.js';
import type { ZipArchive } from './zip-archive.js';

/** The numbers behind one or more tensors. */
export class Storage {
  readonly typeName = 'storage';
  /** Name within the file: "0". */
  readonly key: string;
  /** Safetensors' name of the data type. */
  readonly dtype: string;
  /** Number of values. */
  readonly length: number;
  readonly #read: () => Uint8Array;
  #values: Float32Array | undefined;

  constructor(key: string, dtype: string, length: number, read: () => Uint8Array) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
    this.#read = read;
  }

  /**
   * All values as float32, decoded once; not to be written to.
   *
   * @param path Name of a tensor that needs them, for messages.
   * @throws CheckpointError when the bytes are damaged or hold an integer that float32 cannot.
   */
  values(path: string): Float32Array {
    if (this.#values !== undefined) return this.#values;
    try {
      this.#values = decodeValues(this.dtype, this.#read(), path);
    } catch (error) {
      if (error instanceof DataError) throw new CheckpointError(error.message, { cause: error });
      throw error;
    }
    return this.#values;
  }
}

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
   * @throws CheckpointError when the id is anything else, the entry is missing or its size does not fit.
   */
  find(id: PickleValue): Storage {
    const [tag, type, key, location, length, ...rest] = id instanceof Tuple ? id.items : [];
    if (
      tag !== 'storage' ||
      !(type instanceof StorageType) ||
      typeof key !== 'string' ||
      typeof location !== 'string' ||
      typeof length !== 'number' ||
      rest.length > 0
    )
      throw new CheckpointError(
        "A persistent id must be ('storage', storage class, key, location, number of values).",
      );
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
