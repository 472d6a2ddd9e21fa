import { ModelError } from '@mnist-kit/core';
import type { layers } from '@tensorflow/tfjs-layers';
import type { ActivationOperation, DataFormat, Padding, Sliding } from './operation.js';

/** Fields that every layer has and that decide nothing about what it computes. */
const FREE = ['name', 'trainable', 'batchInputShape'];

/**
 * Reads a layer's configuration field by field, and knows at the end which ones nobody read. Reading a field is
 * the only way to use it, so what a description does not know cannot be ignored.
 *
 * @example
 * ```ts
 * import type { DropoutOperation, FieldReader } from '@mnist-kit/layers';
 *
 * const readDropout = (fields: FieldReader): DropoutOperation => ({ kind: 'dropout', rate: fields.number('rate', 0) });
 * ```
 */
export class FieldReader {
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #unread: Set<string>;

  constructor(readonly layer: layers.Layer) {
    this.#config = layer.getConfig();
    this.#unread = new Set(Object.keys(this.#config));
    this.free(...FREE);
    this.#float32();
  }

  /** Rank of the layer's input, the batch included. */
  get rank(): number {
    return this.layer.inboundNodes[0].inputTensors[0].shape.length;
  }

  /** The field's value. */
  value(field: string): unknown {
    this.#unread.delete(field);
    return this.#config[field] ?? undefined;
  }

  number(field: string, absent: number): number {
    return (this.value(field) as number | undefined) ?? absent;
  }

  /** Two sizes, for height and width. */
  pair(field: string): readonly [number, number] {
    const value = this.value(field) ?? 1;
    return Array.isArray(value) ? [value[0], value[1]] : [value as number, value as number];
  }

  dataFormat(): DataFormat {
    return this.value('dataFormat') === 'channelsFirst' ? 'channelsFirst' : 'channelsLast';
  }

  sliding(): Sliding {
    const padding = (this.value('padding') ?? 'valid') as Padding;
    if (padding !== 'same' && padding !== 'valid')
      throw this.refuse('padding', `"${padding}" cannot be run for images`);
    return { strides: this.pair('strides'), padding, dataFormat: this.dataFormat() };
  }

  /** The activation that a layer carries itself. */
  activation(): ActivationOperation {
    return { kind: 'activation', name: (this.value('activation') as string | undefined) ?? 'linear' };
  }

  /** An axis counted from 0, the batch included. */
  axis(field: string, absent: number): number {
    const axis = this.number(field, absent);
    return axis < 0 ? axis + this.rank : axis;
  }

  /** Fields without a say in what the layer computes: initial values, and what is read off the weights. */
  free(...fields: readonly string[]): void {
    for (const field of fields) this.#unread.delete(field);
  }

  /** A field that TensorFlow.js itself does not honour: any value of its own is refused. */
  unset(field: string, why: string): void {
    // Some layers keep such a field only as a property.
    const value = this.value(field) ?? (this.layer as unknown as Record<string, unknown>)[field];
    if (value !== undefined && value !== null) throw this.refuse(field, why);
  }

  refuse(field: string, why: string): ModelError {
    return new ModelError(
      `Layer "${this.layer.name}" (${this.layer.getClassName()}): \`${field}\` ${why}. ` +
        `Received: ${field}=${JSON.stringify(this.#config[field])}`,
    );
  }

  /** Fields with a value that nobody read. */
  get unread(): string[] {
    return [...this.#unread].filter(
      (field) => this.#config[field] !== null && this.#config[field] !== undefined,
    );
  }

  #float32(): void {
    const dtype = this.value('dtype') ?? 'float32';
    if (dtype !== 'float32') throw this.refuse('dtype', 'must be float32, which is what runs compute in');
  }
}
