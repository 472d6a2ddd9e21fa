import { CheckpointError, type FileBytes } from '@mnist-kit/core';
import type { Storage } from './storage.js';
import type { TensorView } from './tensor-view.js';

/** What a pickle can hold here. Lists are arrays, dicts are maps. */
export type PickleValue = DictKey | PickleValue[] | Map<DictKey, PickleValue>;

/** What a dict may have as a key: everything but lists and dicts, as Python can hash. */
export type DictKey =
  | null
  | boolean
  | number
  | bigint
  | string
  | Tuple
  | PickleSet
  | Built
  | Described
  | Opaque
  | PickleFunction
  | StorageType
  | Storage
  | TensorView;

/** Python's tuple: unlike a list it is never appended to. */
export class Tuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** Python's set or frozenset. */
export class PickleSet {
  readonly typeName = 'set';
  /** Shared with the list that the set is made from: copies of a large list would add up. */
  readonly items: PickleValue[];

  constructor(items: PickleValue[]) {
    this.items = items;
  }
}

/** `collections.OrderedDict`, which, unlike a dict, may carry attributes. */
export class OrderedDict extends Map<DictKey, PickleValue> {}

/** An object that is made first and then gets its state. */
export abstract class Built {
  /** Name in Python. */
  abstract readonly typeName: string;

  /** @throws CheckpointError when the object has no such state. */
  abstract build(state: PickleValue): void;
}

/** `argparse.Namespace` and its like: an object that is nothing but its attributes. */
export class Namespace extends Built {
  readonly typeName: string;
  #attributes: Map<DictKey, PickleValue> | undefined;

  constructor(typeName: string) {
    super();
    this.typeName = typeName;
  }

  get attributes(): Map<DictKey, PickleValue> {
    return this.#attributes ?? new Map();
  }

  override build(state: PickleValue): void {
    if (!(state instanceof Map) || this.#attributes !== undefined)
      throw new CheckpointError(`A ${this.typeName} must get its attributes once, as a dict.`);
    this.#attributes = state;
  }
}

/** A value that its text says all about, such as `torch.device('cuda:0')` or a path. */
export class Described {
  readonly typeName: string;
  readonly text: string;

  constructor(typeName: string, text: string) {
    this.typeName = typeName;
    this.text = text;
  }
}

/** A value that is not read: it keeps its name and why, for whoever asks for it after all. */
export class Opaque {
  /** Name in Python: "torch.nn.modules.linear.Linear". */
  readonly typeName: string;
  /** Makes the error for those who need the value. */
  readonly refusal: () => CheckpointError;

  constructor(typeName: string, refusal: () => CheckpointError) {
    this.typeName = typeName;
    this.refusal = refusal;
  }
}

/** Python's bytes: data of other values, and nothing that a .pth file could be made of. */
export class Bytes extends Opaque {
  /** The bytes, or a text of which each character is one. */
  readonly #content: Uint8Array | string;

  constructor(content: Uint8Array | string, refusal: () => CheckpointError) {
    super('bytes', refusal);
    this.#content = content;
  }

  get length(): number {
    return this.#content.length;
  }

  /** The bytes; a copy is made at each call, so whoever calls must limit how often. */
  read(): FileBytes {
    const content = this.#content;
    // Not `slice`, which for a Buffer of Node's is a view of the file.
    if (typeof content !== 'string') return new Uint8Array(content);
    const bytes = new Uint8Array(content.length);
    for (let i = 0; i < bytes.length; i++) {
      const code = content.charCodeAt(i);
      if (code > 0xff) throw new CheckpointError('Text that stands for bytes must be Latin-1.');
      bytes[i] = code;
    }
    return bytes;
  }
}

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
