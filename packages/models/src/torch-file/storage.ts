import { bytesPerValue, type DecodedValues, decodeValues } from '../safetensors-values.js';

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
  #values: DecodedValues | undefined;
  readonly #others = new Map<string, Storage>();

  constructor(key: string, dtype: string, length: number, read: () => Uint8Array) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
    this.#read = read;
  }

  /**
   * All values, decoded once; not to be written to.
   *
   * @throws CheckpointError when the bytes are damaged.
   */
  values(): DecodedValues {
    this.#values ??= decodeValues(this.dtype, this.#read());
    return this.#values;
  }

  /** The same bytes as values of another type, or undefined when they are no whole number of them. */
  as(dtype: string): Storage | undefined {
    const known = this.#others.get(dtype);
    if (known !== undefined) return known;
    const length = (this.length * bytesPerValue(this.dtype)!) / bytesPerValue(dtype)!;
    if (!Number.isInteger(length)) return undefined;
    const storage = new Storage(this.key, dtype, length, this.#read);
    this.#others.set(dtype, storage);
    return storage;
  }
}
