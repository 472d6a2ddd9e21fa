import { CheckpointError } from '@mnist-kit/core';
import { OrderedDict, PickleFunction, type PickleValue, StorageType, Tuple } from './pickle-values.js';
import { rebuildTensor } from './rebuild-tensor.js';
import { TensorView } from './tensor-view.js';

/** Storage classes by their name in module torch, and the data types that they hold. */
const storageTypes = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Everything that a pickle may name. Python is never asked what a name means. */
const globals = new Map<string, PickleFunction | StorageType>(
  [
    ...Object.entries(storageTypes).map(([name, dtype]) => new StorageType(`torch.${name}`, dtype)),
    new PickleFunction('collections.OrderedDict', (args) => {
      if (args.length > 0) throw new CheckpointError('OrderedDict must be called without arguments.');
      return new OrderedDict();
    }),
    new PickleFunction('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleFunction('torch._utils._rebuild_parameter', ([tensor, ...rest]) => {
      if (!(tensor instanceof TensorView) || rest.length !== 2)
        throw new CheckpointError('_rebuild_parameter must be called with a tensor and two arguments.');
      return tensor;
    }),
    new PickleFunction('torch.Size', ([sizes, ...rest]) => {
      if (!(sizes instanceof Tuple) || rest.length > 0)
        throw new CheckpointError('torch.Size must be called with a tuple.');
      return sizes;
    }),
  ].map((value) => [value.name, value]),
);

/**
 * What a name in a pickle stands for here.
 *
 * @throws CheckpointError when it is not one of those that files of plain tensors need.
 */
export function findGlobal(module: string, name: string): PickleFunction | StorageType {
  const found = globals.get(`${module}.${name}`);
  if (found === undefined) throw refusedGlobal(module, name);
  return found;
}

/** The error for a name that is not known, or is used in a way that torch.save never does. */
export function refusedGlobal(module: string, name: string): CheckpointError {
  const shown = `${module}.${name}`;
  return new CheckpointError(
    `The .pth file asks for ${JSON.stringify(shown.length > 100 ? `${shown.slice(0, 100)}…` : shown)}, ` +
      'which plain tensors and containers do not need; nothing of it was run. ' +
      'Save a state dict: torch.save(model.state_dict(), path).',
  );
}

/** Calls what a pickle wants called. */
export function callGlobal(callee: PickleValue, args: PickleValue): PickleValue {
  if (!(callee instanceof PickleFunction) || !(args instanceof Tuple))
    throw new CheckpointError('The pickle must call a known function with a tuple of arguments.');
  return callee.call(args.items);
}
