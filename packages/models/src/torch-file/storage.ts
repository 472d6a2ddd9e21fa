import { CheckpointError, DataError } from '@mnist-kit/core';
import { decodeValues } from '../safetensors-values.js';

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
