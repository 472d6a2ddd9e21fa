import { CheckpointError } from '@mnist-kit/core';
import type { StateTensor } from '../state-tensor.js';
import { type PickleValue, Tuple, typeName } from './pickle-values.js';
import { TensorView } from './tensor-view.js';

/**
 * What a .pth file can hold: dicts become plain objects (keys become text), lists and tuples arrays, tensors
 * {@link StateTensor}s, integers beyond 2^53 bigints.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | StateTensor
  | TorchValue[]
  | { [key: string]: TorchValue };

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
  readonly #maxTensorBytes: number;
  #tensorBytes = 0;

  /** @param maxTensorBytes Most bytes that the tensors may take as float32, all together. */
  constructor(maxTensorBytes: number) {
    this.#maxTensorBytes = maxTensorBytes;
  }

  /**
   * @param path Where the value stands, for messages.
   * @throws CheckpointError when the value holds something that is not plain or holds itself, or is too large.
   */
  convert(value: PickleValue, path: string): TorchValue {
    return this.#visit(value, path, 1).value;
  }

  /** @throws CheckpointError when the tensors become too large, or one has a value that float32 cannot hold. */
  tensor(view: TensorView, path: string): StateTensor {
    this.#tensorBytes += view.length * Float32Array.BYTES_PER_ELEMENT;
    if (this.#tensorBytes > this.#maxTensorBytes)
      throw new CheckpointError(
        `The tensors of the .pth file must have at most maxTensorBytes=${this.#maxTensorBytes} bytes as float32. Received: ${this.#tensorBytes} or more`,
      );
    const { shape, storage } = view;
    const data = view.values(path);
    return storage.dtype === 'I64' ? { shape, data, dtype: 'I64' } : { shape, data };
  }

  #visit(value: PickleValue, path: string, depth: number): Converted {
    if (value === null || typeof value !== 'object') return { value, height: 0 };
    const known = this.#converted.get(value);
    if (depth + (known?.height ?? 0) > maxDepth)
      throw new CheckpointError(`A .pth file must not be nested deeper than ${maxDepth} levels.`);
    if (known !== undefined) return known;
    if (this.#open.has(value)) throw new CheckpointError(`"${path}" must not hold itself.`);

    this.#open.add(value);
    const converted = this.#container(value, path, depth);
    this.#open.delete(value);
    this.#converted.set(value, converted);
    return converted;
  }

  #container(value: PickleValue & object, path: string, depth: number): Converted {
    if (value instanceof TensorView) return { value: this.tensor(value, path), height: 0 };
    let height = 0;
    const child = (item: PickleValue, key: number | bigint | string) => {
      const converted = this.#visit(item, path === '' ? `${key}` : `${path}.${key}`, depth + 1);
      height = Math.max(height, converted.height);
      return converted.value;
    };
    if (Array.isArray(value) || value instanceof Tuple) {
      const items = Array.isArray(value) ? value : value.items;
      const array = items.map((item, i) => child(item, i));
      return { value: array, height: height + 1 };
    }
    if (value instanceof Map) {
      const entries = Array.from(value, ([key, item]) => [String(key), child(item, key)] as const);
      const object = Object.fromEntries(entries);
      if (Object.keys(object).length !== entries.length)
        throw new CheckpointError(`"${path}" must not have keys that are alike as text, such as 1 and "1".`);
      return { value: object, height: height + 1 };
    }
    throw new CheckpointError(
      `"${path}" must be a tensor, a container, text or a number. Received: ${typeName(value)}`,
    );
  }
}
