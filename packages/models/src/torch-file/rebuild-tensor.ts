import { CheckpointError } from '@mnist-kit/core';
import { type PickleValue, Tuple, typeName } from './pickle-values.js';
import { Storage } from './storage.js';
import { TensorView } from './tensor-view.js';

/** More dimensions than any tensor of PyTorch's may have. */
const maxDimensions = 64;

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
