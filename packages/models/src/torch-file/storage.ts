import { bytesPerValue } from '../safetensors-values.js';

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
  #bytes: Uint8Array | undefined;
  #others: Map<string, Storage> | undefined;

  constructor(key: string, dtype: string, length: number, read: () => Uint8Array) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
    this.#read = read;
  }

  /**
   * The bytes of all values; not to be written to.
   *
   * @throws CheckpointError when they are damaged.
   */
  bytes(): Uint8Array {
    this.#bytes ??= this.#read();
    return this.#bytes;
  }

  /** The same bytes as values of another type, or undefined when they are no whole number of them. */
  as(dtype: string): Storage | undefined {
    const known = this.#others?.get(dtype);
    if (known !== undefined) return known;
    const length = (this.length * bytesPerValue(this.dtype)!) / bytesPerValue(dtype)!;
    if (!Number.isInteger(length)) return undefined;
    const storage = new Storage(this.key, dtype, length, () => this.bytes());
    this.#others ??= new Map();
    this.#others.set(dtype, storage);
    return storage;
  }
}
