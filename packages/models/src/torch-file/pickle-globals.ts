import { CheckpointError } from '@mnist-kit/core';
import { numpyGlobals } from './numpy-values.js';
import {
  Described,
  Opaque,
  OrderedDict,
  PickleFunction,
  type PickleValue,
  StorageType,
  Tuple,
} from './pickle-values.js';
import { newObject, pythonGlobals } from './python-globals.js';
import { rebuildTensor, rebuildUntypedTensor, torchDtypes } from './rebuild-tensor.js';
import { opaqueGlobal, opaqueValue, refusedGlobal } from './refusals.js';
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
  'storage.UntypedStorage': 'U8',
};

/** Data types that have a name and no values here. */
const otherDtypes = [
  ...['complex32', 'complex64', 'complex128', 'qint8', 'quint8', 'qint32', 'quint4x2', 'quint2x4'],
  ...['float8_e4m3fn', 'float8_e5m2', 'float8_e4m3fnuz', 'float8_e5m2fnuz', 'float8_e8m0fnu'],
];

type Global = PickleFunction | StorageType | Described | Opaque;

const plainTensor = new Opaque('torch.Tensor', () => refusedGlobal('torch', 'Tensor'));
const parameter = new Opaque('torch.nn.parameter.Parameter', () =>
  refusedGlobal('torch.nn.parameter', 'Parameter'),
);

/** Everything that a pickle may name and that is known here. Python is never asked what a name means. */
const globals = new Map<string, Global>([
  ...Object.entries(storageTypes).map(
    ([name, dtype]) => [`torch.${name}`, new StorageType(`torch.${name}`, dtype)] as const,
  ),
  ...[...Object.keys(torchDtypes), ...otherDtypes.map((name) => `torch.${name}`)].map(
    (name) => [name, new Described('torch.dtype', name)] as const,
  ),
  ...[plainTensor, parameter].map((value) => [value.typeName, value] as const),
  ...[...numpyGlobals, ...pythonGlobals].map(
    (value) => [value instanceof Opaque ? value.typeName : value.name, value] as const,
  ),
  ...[
    new PickleFunction('collections.OrderedDict', (args) => {
      if (args.length > 0) throw new CheckpointError('OrderedDict must be called without arguments.');
      return new OrderedDict();
    }),
    new PickleFunction('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleFunction('torch._utils._rebuild_tensor_v3', rebuildUntypedTensor),
    new PickleFunction('torch._utils._rebuild_parameter', (args) =>
      rebuildParameter('_rebuild_parameter', args, 3),
    ),
    new PickleFunction('torch._utils._rebuild_parameter_with_state', (args) =>
      rebuildParameter('_rebuild_parameter_with_state', args, 4),
    ),
    new PickleFunction('torch._tensor._rebuild_from_type_v2', rebuildFromType),
    new PickleFunction('torch.Size', (args) => {
      if (!(args[0] instanceof Tuple) || args.length !== 1)
        throw new CheckpointError('torch.Size must be called with a tuple.');
      return args[0];
    }),
    new PickleFunction('torch.device', device),
    new PickleFunction('torch.serialization._get_layout', ([name]) =>
      typeof name === 'string' && name.length < 50
        ? new Described('torch.layout', name)
        : opaqueValue('torch.layout', 'that is not read'),
    ),
  ].map((value) => [value.name, value] as const),
]);

function rebuildParameter(name: string, args: readonly PickleValue[], count: number): TensorView | Opaque {
  const [tensor] = args;
  if (!(tensor instanceof TensorView || tensor instanceof Opaque) || args.length !== count)
    throw new CheckpointError(`${name} must be called with a tensor and ${count - 1} arguments.`);
  return tensor;
}

/**
 * Stands for `torch._tensor._rebuild_from_type_v2(function, type, arguments, state)`, which tensors with
 * attributes of their own are made by. A subclass may mean anything by its values, and is not read.
 */
function rebuildFromType(args: readonly PickleValue[]): PickleValue {
  const [make, type, inner] = args;
  if (args.length !== 4 || !(inner instanceof Tuple))
    throw new CheckpointError('_rebuild_from_type_v2 must be called with a tuple and three other arguments.');
  // Not itself: nested without end, that would fill our stack.
  const plain = make instanceof PickleFunction && make.call !== rebuildFromType;
  if (plain && (type === plainTensor || type === parameter)) return callGlobal(make, inner);
  return type instanceof Opaque ? type : opaqueValue('torch.Tensor', 'of a class that is not read');
}

function device(args: readonly PickleValue[]): PickleValue {
  const [type, index] = args;
  if (args.length <= 2 && typeof type === 'string' && type.length < 50) {
    if (index === undefined) return new Described('torch.device', type);
    if (typeof index === 'number') return new Described('torch.device', `${type}:${index}`);
  }
  return opaqueValue('torch.device', 'that is not read');
}

/** Longer than any name of Python's. */
const maxName = 2000;

/**
 * What a name in a pickle stands for here: something opaque that keeps the name, when it is not known.
 *
 * @throws CheckpointError when the name is too long for one.
 */
export function findGlobal(module: string, name: string): Global {
  if (module.length + name.length > maxName) throw refusedGlobal(module, name);
  return globals.get(`${module}.${name}`) ?? opaqueGlobal(module, name);
}

/** Calls what a pickle wants called. What an opaque function or class would make is opaque too. */
export function callGlobal(callee: PickleValue, args: PickleValue): PickleValue {
  if (callee instanceof Opaque && args instanceof Tuple) return instanceOf(callee);
  if (!(callee instanceof PickleFunction) || !(args instanceof Tuple))
    throw new CheckpointError('The pickle must call a known function with a tuple of arguments.');
  return callee.call(args.items);
}

/**
 * Makes an object of a class without calling it.
 *
 * @param refusal Makes the error for a class that is known here and is never made so.
 */
export function makeObject(type: PickleValue, refusal: () => CheckpointError): PickleValue {
  if (type instanceof Opaque) return instanceOf(type);
  if (!(type instanceof PickleFunction || type instanceof StorageType)) throw refusal();
  return (type instanceof PickleFunction && newObject(type)) || new Opaque(type.name, refusal);
}

/** Unlike the class, which is one of a kind, an object is nothing that anything is compared to. */
function instanceOf({ typeName, refusal }: Opaque): Opaque {
  // `_rebuild_sparse_tensor`, `_rebuild_qtensor` and others all make tensors.
  return new Opaque(typeName.startsWith('torch._utils._rebuild_') ? 'torch.Tensor' : typeName, refusal);
}
