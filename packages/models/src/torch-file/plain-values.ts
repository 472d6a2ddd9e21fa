import { CheckpointError, DataError } from '@mnist-kit/core';
import { isCounter, makeStateTensor } from '../make-state-tensor.js';
import type { StateTensor } from '../state-tensor.js';
import { NumpyArray, NumpyDtype } from './numpy-values.js';
import {
  Bytes,
  Described,
  Namespace,
  Opaque,
  PickleFunction,
  PickleSet,
  type PickleValue,
  StorageType,
  Tuple,
  typeName,
} from './pickle-values.js';
import { keyText } from './plain-keys.js';
import { Storage } from './storage.js';
import { TensorView } from './tensor-view.js';

/**
 * Stands in the result of {@link readTorchValue} for a Python object that has no counterpart here: an instance
 * of a class, a class, a function, a tensor that is sparse, quantised or complex. Nothing of it was run.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { OpaqueTorchValue, readTorchValue } from '@mnist-kit/models';
 *
 * const checkpoint = readTorchValue(await readFile('checkpoint.pth')) as Record<string, unknown>;
 * if (checkpoint.scheduler instanceof OpaqueTorchValue) console.log(checkpoint.scheduler.className);
 * ```
 */
export class OpaqueTorchValue {
  /** Python's name of its class, or of itself: "torch.optim.lr_scheduler.StepLR". */
  readonly className: string;

  /** @param className Python's name of its class, or of itself. */
  constructor(className: string) {
    this.className = className;
  }
}

/**
 * What a .pth file can hold: dicts become plain objects (keys become text), as do `argparse.Namespace`s; lists,
 * tuples and sets arrays; tensors and NumPy's arrays {@link StateTensor}s; integers beyond 2^53 bigints;
 * devices, data types, paths and dates text; bytes a Uint8Array; any other object an {@link OpaqueTorchValue}.
 *
 * @example
 * ```ts
 * import { readTorchValue, type TorchValue, writeTorchFile } from '@mnist-kit/models';
 *
 * const bytes = writeTorchFile({ bias: { shape: [2], data: Float32Array.of(1, 2) } });
 * const value: TorchValue = readTorchValue(bytes);
 * ```
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | StateTensor
  | Uint8Array
  | OpaqueTorchValue
  | TorchValue[]
  | { [key: string]: TorchValue };

const spareBytes = 2 ** 25;
/** Deeper than any checkpoint, and shallow enough for whoever walks the result. */
const maxDepth = 100;

interface Converted {
  readonly value: TorchValue;
  /** Levels of containers, this one included. */
  readonly height: number;
}

/** Turns what a pickle holds into plain JavaScript. What is shared in the pickle is shared in the result. */
export class PlainValues {
  readonly #converted = new Map<PickleValue, Converted>();
  readonly #open = new Set<PickleValue>();
  readonly #maxTensorBytes: number | undefined;
  #tensorBytes = 0;
  /** Bytes as float32 of what the tensors read are views of, and what that is. */
  #storedBytes = 0;
  readonly #stored = new Set<object>();
  /** Whether the whole is a state dict, so that its tensors are meant as weights. */
  #isStateDict = false;
  /** Whether there was anything that is no container and can be read. */
  #readable = false;
  /** Makes the error for the first value that cannot be read. */
  #refusal: (() => CheckpointError) | undefined;

  /**
   * @param maxTensorBytes Most bytes that the tensors may take as float32, all together; undefined for little more
   * than what is stored.
   */
  constructor(maxTensorBytes: number | undefined) {
    this.#maxTensorBytes = maxTensorBytes;
  }

  /**
   * What {@link OpaqueTorchValue} stands for is no error, unless there is nothing else.
   *
   * @throws CheckpointError when the value holds itself, is too large, or has nothing in it that can be read.
   */
  convert(value: PickleValue): TorchValue {
    this.#isStateDict = isTensorMap(value);
    const { value: plain } = this.#visit(value, '', 1);
    if (!this.#readable && this.#refusal !== undefined) throw this.#refusal();
    return plain;
  }

  /**
   * A tensor of a state dict: integers beyond float32 are an error unless they count batches.
   *
   * @param path Name of the tensor.
   * @throws CheckpointError when the tensors become too large, or this one has a value that cannot be held.
   */
  tensor(view: TensorView, path: string): StateTensor {
    try {
      return this.#read(view, path, isCounter(path));
    } catch (error) {
      if (error instanceof DataError) throw new CheckpointError(error.message, { cause: error });
      throw error;
    }
  }

  #read(view: TensorView, name: string, wide: boolean): StateTensor {
    this.#count(view.length * Float32Array.BYTES_PER_ELEMENT, view.storage, view.storage.length);
    return makeStateTensor(view.values(), { name, dtype: view.storage.dtype, shape: view.shape, wide });
  }

  /** @param stored What the values are taken from, which has `length` of them. */
  #count(bytes: number, stored: object, length: number): void {
    this.#tensorBytes += bytes;
    if (!this.#stored.has(stored)) {
      this.#stored.add(stored);
      this.#storedBytes += length * Float32Array.BYTES_PER_ELEMENT;
    }
    const most = this.#maxTensorBytes ?? this.#storedBytes + spareBytes;
    if (this.#tensorBytes > most)
      throw new CheckpointError(
        `The tensors of the .pth file must have at most maxTensorBytes=${most} bytes as float32. Received: ${this.#tensorBytes} or more`,
      );
  }

  #visit(value: PickleValue, path: string, depth: number): Converted {
    if (value === null || typeof value !== 'object') {
      if (value !== null) this.#readable = true;
      return { value, height: 0 };
    }
    const known = this.#converted.get(value);
    if (depth + (known?.height ?? 0) > maxDepth)
      throw new CheckpointError(`A .pth file must not be nested deeper than ${maxDepth} levels.`);
    if (known !== undefined) return known;
    if (this.#open.has(value)) throw new CheckpointError(`"${path}" must not hold itself.`);

    this.#open.add(value);
    const converted = this.#container(value, path, depth) ?? { value: this.#leaf(value, path), height: 0 };
    this.#open.delete(value);
    this.#converted.set(value, converted);
    return converted;
  }

  #container(value: PickleValue & object, path: string, depth: number): Converted | undefined {
    let height = 0;
    const child = (item: PickleValue, key: number | string) => {
      const converted = this.#visit(item, path === '' ? `${key}` : `${path}.${key}`, depth + 1);
      height = Math.max(height, converted.height);
      return converted.value;
    };
    if (value instanceof PickleSet) return this.#visit(value.items, path, depth);
    if (value instanceof Namespace) return this.#visit(value.attributes, path, depth);
    if (Array.isArray(value) || value instanceof Tuple) {
      const items = Array.isArray(value) ? value : value.items;
      const array = items.map((item, i) => child(item, i));
      return { value: array, height: height + 1 };
    }
    if (!(value instanceof Map)) return undefined;
    const object: { [key: string]: TorchValue } = {};
    for (const [key, item] of value) {
      const text = keyText(key);
      if (text === undefined) {
        const problem = () => new CheckpointError(`"${path}" must have keys of text and numbers.`);
        return { value: this.#opaque('dict', problem), height: 0 };
      }
      if (Object.hasOwn(object, text)) throw alike(path);
      const converted = child(item, text);
      if (text !== '__proto__') object[text] = converted;
      else
        Object.defineProperty(object, text, {
          value: converted,
          writable: true,
          enumerable: true,
          configurable: true,
        });
    }
    return { value: object, height: height + 1 };
  }

  #leaf(value: PickleValue & object, path: string): TorchValue {
    if (value instanceof Bytes) {
      this.#refusal ??= value.refusal;
      this.#count(value.length, value, value.length);
      return value.read();
    }
    if (value instanceof Opaque) return this.#opaque(value.typeName, value.refusal);
    if (value instanceof Storage || value instanceof StorageType || value instanceof PickleFunction)
      return this.#opaque(typeName(value), () => notPlain(value, path));
    this.#readable = true;
    if (value instanceof Described || value instanceof NumpyDtype) return value.text;
    if (value instanceof NumpyArray) return this.#array(value, path);
    const view = value as TensorView;
    const wide = !this.#isStateDict || isCounter(path);
    return wide ? orOpaque('torch.Tensor', () => this.#read(view, path, true)) : this.tensor(view, path);
  }

  #array(array: NumpyArray, path: string): TorchValue {
    this.#count(array.byteLength * Float32Array.BYTES_PER_ELEMENT, array.source ?? array, array.byteLength);
    const held = array.values(path);
    if (held === undefined) return new OpaqueTorchValue(array.typeName);
    return orOpaque(array.typeName, () => makeStateTensor(held.values, { ...held, name: path, wide: true }));
  }

  #opaque(className: string, refusal: () => CheckpointError): OpaqueTorchValue {
    this.#refusal ??= refusal;
    return new OpaqueTorchValue(className);
  }
}

/** What `read` gives, or something opaque where not even int64 holds the values. */
function orOpaque(className: string, read: () => StateTensor): TorchValue {
  try {
    return read();
  } catch (error) {
    if (error instanceof DataError) return new OpaqueTorchValue(className);
    throw error;
  }
}

function alike(path: string): CheckpointError {
  return new CheckpointError(`"${path}" must not have keys that are alike as text, such as 1 and "1".`);
}

function isTensorMap(value: PickleValue): boolean {
  return value instanceof Map && [...value.values()].every((item) => item instanceof TensorView);
}

function notPlain(value: PickleValue, path: string): CheckpointError {
  return new CheckpointError(
    `"${path}" must be a tensor, a container, text or a number. Received: ${typeName(value)}`,
  );
}
