import { CheckpointError } from '@mnist-kit/core';
import { bytesPerValue, type DecodedValues, decodeValues } from '../safetensors-values.js';
import { gather } from './gather.js';
import type { Storage } from './storage.js';

/** A tensor as PyTorch keeps it: a storage, and where in it the elements are. */
export class TensorView {
  readonly typeName = 'tensor';
  readonly storage: Storage;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly length: number;
  readonly #offset: number;
  readonly #strides: readonly number[];

  /** @throws CheckpointError when an element would lie outside the storage. */
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.shape = shape;
    this.length = shape.reduce((product, size) => product * size, 1);
    this.#offset = offset;
    this.#strides = strides;
    const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset);
    // A tensor without elements may lie anywhere.
    if (this.length > 0 && last >= storage.length)
      throw new CheckpointError(
        `A tensor of shape [${shape.join(', ')}], strides [${strides.join(', ')}] and storage offset ${offset} must lie within its storage. Received: a storage of ${storage.length} values`,
      );
  }

  /** The elements in row-major order, as a copy. */
  values(): DecodedValues {
    const { length, shape } = this;
    if (length === 0) return new Float32Array(0);
    const { dtype } = this.storage;
    const size = bytesPerValue(dtype)!;
    const source = this.storage.bytes();
    // Never the whole storage: a view may be of one value of many.
    const own = this.#isContiguous()
      ? source.subarray(this.#offset * size, (this.#offset + length) * size)
      : gather(source, size, this.#offset, shape, this.#strides);
    return decodeValues(dtype, own);
  }

  #isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      // The stride of an axis with one element is never used.
      if (this.shape[axis] !== 1 && this.#strides[axis] !== expected) return false;
      expected *= this.shape[axis];
    }
    return true;
  }
}
