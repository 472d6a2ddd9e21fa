import { CheckpointError } from '@mnist-kit/core';
import { Described, Opaque, type PickleValue, Tuple, typeName } from './pickle-values.js';
import { opaqueValue } from './refusals.js';
import { Storage } from './storage.js';
import { TensorView } from './tensor-view.js';

/** More dimensions than any tensor of PyTorch's may have. */
const maxDimensions = 64;

/**
 * Stands for `torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad,
 * backward_hooks, metadata=None)`.
 *
 * @returns Something opaque when the storage is, or the values stand for others.
 * @throws CheckpointError when the arguments are not such.
 */
export function rebuildTensor(args: readonly PickleValue[]): TensorView | Opaque {
  const [storage, offset, size, stride, , , metadata = null] = args;
  if (args.length < 6 || args.length > 7 || !(storage instanceof Storage || storage instanceof Opaque))
    throw new CheckpointError('_rebuild_tensor_v2 must be called with a storage and five or six arguments.');
  return placeTensor(storage, [offset, size, stride, metadata]);
}

/** Data types of PyTorch's by name, as safetensors has them. */
export const torchDtypes: Readonly<Record<string, string>> = {
  'torch.bool': 'BOOL',
  'torch.uint8': 'U8',
  'torch.int8': 'I8',
  'torch.uint16': 'U16',
  'torch.int16': 'I16',
  'torch.uint32': 'U32',
  'torch.int32': 'I32',
  'torch.uint64': 'U64',
  'torch.int64': 'I64',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.float32': 'F32',
  'torch.float64': 'F64',
};

/**
 * Stands for `torch._utils._rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad,
 * backward_hooks, dtype, metadata=None)`, which newer data types without a storage class are made by.
 *
 * @returns Something opaque when the data type is not read.
 * @throws CheckpointError when the arguments are not such.
 */
export function rebuildUntypedTensor(args: readonly PickleValue[]): TensorView | Opaque {
  const [untyped, offset, size, stride, , , type, metadata = null] = args;
  const problem = '_rebuild_tensor_v3 must be called with a storage, a data type and five or six arguments.';
  if (args.length < 7 || args.length > 8 || !(untyped instanceof Storage)) throw new CheckpointError(problem);
  if (type instanceof Opaque) return type;
  if (!(type instanceof Described)) throw new CheckpointError(problem);
  if (!Object.hasOwn(torchDtypes, type.text))
    return opaqueValue('torch.Tensor', `of ${type.text}, which is not read`);
  const storage = untyped.as(torchDtypes[type.text]);
  if (storage === undefined)
    throw new CheckpointError(
      `Storage ${JSON.stringify(untyped.key)} must have whole values of ${type.text}.`,
    );
  return placeTensor(storage, [offset, size, stride, metadata]);
}

function placeTensor(
  storage: Storage | Opaque,
  [offset, size, stride, metadata]: readonly PickleValue[],
): TensorView | Opaque {
  // Metadata marks tensors that stand for the negated or conjugated values.
  if (metadata !== null && !(metadata instanceof Map && metadata.size === 0))
    return new Opaque(
      'torch.Tensor',
      () => new CheckpointError('A tensor must have no metadata: save `tensor.resolve_neg()` instead.'),
    );
  if (storage instanceof Opaque) return new Opaque('torch.Tensor', storage.refusal);
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
