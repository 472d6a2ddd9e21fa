import { CheckpointError } from '@mnist-kit/core';
import { type PickleValue, Tuple, typeName } from './pickle-values.js';
import { Storage } from './storage.js';

/** More dimensions than any tensor of PyTorch's may have. */
const maxDimensions = 64;

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

  /**
   * The elements in row-major order, as a copy.
   *
   * @param path Name of the tensor for messages.
   */
  values(path: string): Float32Array {
    const { length, shape } = this;
    if (length === 0) return new Float32Array(0);
    const source = this.storage.values(path);
    if (this.#isContiguous()) return source.slice(this.#offset, this.#offset + length);
    return gather(source, this.#offset, shape, this.#strides);
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

/** The elements from `offset` on, in row-major order; there must be one at least. */
function gather(
  source: Float32Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array {
  // Axes of one element would be stepped over again and again.
  const axes = shape.flatMap((size, i) => (size === 1 ? [] : [{ size, stride: strides[i], index: 0 }]));
  axes.reverse();
  const values = new Float32Array(axes.reduce((product, { size }) => product * size, 1));
  let at = offset;
  for (let i = 0; i < values.length; i++) {
    values[i] = source[at];
    for (const axis of axes) {
      at += axis.stride;
      if (++axis.index < axis.size) break;
      at -= axis.size * axis.stride;
      axis.index = 0;
    }
  }
  return values;
}

/**
 * Stands for `torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad,
 * backward_hooks, metadata=None)`.
 *
 * @throws CheckpointError when the arguments are not such.
 */
export function rebuildTensor(args: readonly PickleValue[]): TensorView {
  const [storage, offset, size, stride, , , metadata = null] = args;
  if (args.length < 6 || args.length > 7 || !(storage instanceof Storage))
    throw new CheckpointError('_rebuild_tensor_v2 must be called with a storage and five or six arguments.');
  // Metadata marks tensors that stand for the negated or conjugated values.
  if (metadata !== null && !(metadata instanceof Map && metadata.size === 0))
    throw new CheckpointError('A tensor must have no metadata: save `tensor.resolve_neg()` instead.');
  const shape = dimensions('size', size);
  const strides = dimensions('stride', stride);
  if (shape.length !== strides.length)
    throw new CheckpointError(
      `A tensor must have as many strides as dimensions. Received: ${strides.length} and ${shape.length}`,
    );
  return new TensorView(storage, dimension('storage offset', offset), shape, strides);
}

function dimensions(name: string, value: PickleValue): number[] {
  if (!(value instanceof Tuple) || value.items.length > maxDimensions)
    throw new CheckpointError(
      `A tensor's ${name} must be a tuple of at most ${maxDimensions} integers. Received: ${typeName(value)}`,
    );
  return value.items.map((item) => dimension(name, item));
}

function dimension(name: string, value: PickleValue): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new CheckpointError(
      `A tensor's ${name} must have non-negative integers. Received: ${typeof value === 'number' ? value : typeName(value)}`,
    );
  return value;
}
