import { CheckpointError } from '@mnist-kit/core';
import { type DictKey, Opaque, PickleSet, type PickleValue, Tuple, typeName } from './pickle-values.js';

/** The unpickler's stack, its marks and its memo. */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  /** Heights of the stack at the marks; nothing below the last one can be reached. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();

  push(value: PickleValue): void {
    this.#values.push(value);
  }

  pop(): PickleValue {
    this.#need(1);
    return this.#values.pop() as PickleValue;
  }

  top(): PickleValue {
    this.#need(1);
    return this.#values[this.#values.length - 1];
  }

  mark(): void {
    this.#marks.push(this.#values.length);
  }

  /** Takes what lies above the last mark, and the mark. */
  popMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw new CheckpointError('The pickle is damaged: it lacks a mark.');
    return this.#values.splice(height);
  }

  /** Takes the `count` topmost values as a tuple. */
  popTuple(count: number): Tuple {
    this.#need(count);
    return new Tuple(this.#values.splice(this.#values.length - count));
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new CheckpointError(`The pickle is damaged: it lacks memo ${index}.`);
    this.push(value);
  }

  /** Appends to the list on top. What goes into something opaque is dropped. */
  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (list instanceof Opaque) return;
    if (!Array.isArray(list))
      throw new CheckpointError(`The pickle must append to a list. Received: ${typeName(list)}`);
    for (const item of items) list.push(item);
  }

  /** Adds to the set on top. */
  addItems(items: readonly PickleValue[]): void {
    const set = this.top();
    if (set instanceof Opaque) return;
    if (!(set instanceof PickleSet))
      throw new CheckpointError(`The pickle must add to a set. Received: ${typeName(set)}`);
    for (const item of items) set.items.push(item);
  }

  /** Puts keys and values, which alternate, into the dict on top. */
  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (dict instanceof Opaque) return;
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new CheckpointError(`The pickle must put pairs into a dict. Received: ${typeName(dict)}`);
    for (let i = 0; i < items.length; i += 2) dict.set(dictKey(items[i]), items[i + 1]);
  }

  /** The one value left at the end. */
  result(): PickleValue {
    if (this.#values.length !== 1 || this.#marks.length !== 0)
      throw new CheckpointError(
        `The pickle must end with one value. Received: ${this.#values.length} values and ${this.#marks.length} marks`,
      );
    return this.#values[0];
  }

  #need(count: number): void {
    if (this.#values.length - (this.#marks.at(-1) ?? 0) < count)
      throw new CheckpointError('The pickle is damaged: its stack is empty.');
  }
}

function dictKey(value: PickleValue): DictKey {
  if (!Array.isArray(value) && !(value instanceof Map)) return value;
  throw new CheckpointError(`A dict's keys must be text or numbers. Received: ${typeName(value)}`);
}
