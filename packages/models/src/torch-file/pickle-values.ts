import type { Storage } from './storage.js';
import type { TensorView } from './tensor-view.js';

/** What a pickle can hold here. Lists are arrays, dicts are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Tuple
  | Map<DictKey, PickleValue>
  | PickleFunction
  | StorageType
  | Storage
  | TensorView;

/** What a dict may have as a key. */
export type DictKey = string | number | bigint;

/** Python's tuple: unlike a list it is never appended to. */
export class Tuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** `collections.OrderedDict`, which, unlike a dict, may carry attributes. */
export class OrderedDict extends Map<DictKey, PickleValue> {}

/** One of the few functions that a pickle may call; our own code stands for it. */
export class PickleFunction {
  readonly name: string;
  readonly call: (args: readonly PickleValue[]) => PickleValue;

  constructor(name: string, call: (args: readonly PickleValue[]) => PickleValue) {
    this.name = name;
    this.call = call;
  }
}

/** A storage class, e.g. `torch.FloatStorage`. */
export class StorageType {
  readonly name: string;
  /** Safetensors' name of the data type: `F32`. */
  readonly dtype: string;

  constructor(name: string, dtype: string) {
    this.name = name;
    this.dtype = dtype;
  }
}

/** Names a value's type as Python does, for error messages. */
export function typeName(value: PickleValue): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'dict';
  if (value instanceof Tuple) return 'tuple';
  return 'name' in value ? value.name : value.typeName;
}
