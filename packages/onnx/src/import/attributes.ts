import { type AttributeProto, AttributeProto_AttributeType, type NodeProto } from '../schema/onnx-ml_pb.js';
import { type Constant, readConstant, shortest } from './constant.js';
import { UnsupportedOnnxError } from './unsupported-onnx-error.js';

const { FLOAT, FLOATS, INT, INTS, STRING, TENSOR } = AttributeProto_AttributeType;

/** Reads a node's attributes one by one, and knows at the end which ones nobody read. */
export class Attributes {
  readonly #attributes: Map<string, AttributeProto>;
  readonly #unread: Set<string>;

  constructor(
    { attribute }: NodeProto,
    readonly place: { operator: string; node: string },
  ) {
    this.#attributes = new Map(attribute.map((one) => [one.name, one]));
    if (this.#attributes.size < attribute.length)
      throw new UnsupportedOnnxError('it has an attribute twice', place);
    this.#unread = new Set(this.#attributes.keys());
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  float(name: string, absent: number): number {
    const value = this.#read(name, FLOAT)?.f;
    if (value === undefined) return absent;
    if (!Number.isFinite(value)) throw this.refuse(name, 'must be a finite number', value);
    return shortest(value);
  }

  int(name: string, absent: number): number {
    const value = this.#read(name, INT)?.i;
    return value === undefined ? absent : this.#safe(name, [value])[0];
  }

  ints(name: string): number[] | undefined {
    const value = this.#read(name, INTS)?.ints;
    return value && this.#safe(name, value);
  }

  text(name: string, absent: string): string {
    const value = this.#read(name, STRING)?.s;
    return value === undefined ? absent : new TextDecoder().decode(value.subarray(0, 100));
  }

  tensor(name: string, output: string): Constant | undefined {
    const value = this.#read(name, TENSOR)?.t;
    return value && readConstant(value, output, false);
  }

  floats(name: string): number[] | undefined {
    return this.#read(name, FLOATS)?.floats;
  }

  /** An attribute that may have one value only. */
  must(name: string, only: number, absent = only): void {
    const value = this.int(name, absent);
    if (value !== only) throw this.refuse(name, `must be ${only}`, value);
  }

  /** An attribute without a say in inference. */
  free(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  /** @throws UnsupportedOnnxError for an attribute that nobody read. */
  close(): void {
    const [first] = this.#unread;
    if (first === undefined) return;
    throw new UnsupportedOnnxError(`\`${first}\` is not an attribute of it that is known here`, {
      ...this.place,
      attribute: first,
    });
  }

  refuse(attribute: string, why: string, received: unknown): UnsupportedOnnxError {
    const shown = Array.isArray(received) ? `[${received.slice(0, 8).join(', ')}]` : String(received);
    return new UnsupportedOnnxError(`\`${attribute}\` ${why}. Received: ${attribute}=${shown}`, {
      ...this.place,
      attribute,
    });
  }

  #read(name: string, type: AttributeProto_AttributeType): AttributeProto | undefined {
    this.#unread.delete(name);
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.refAttrName !== '' || attribute.type !== type)
      throw this.refuse(
        name,
        `must be of the type ${AttributeProto_AttributeType[type]}`,
        AttributeProto_AttributeType[attribute.type] ?? attribute.type,
      );
    return attribute;
  }

  #safe(name: string, values: readonly bigint[]): number[] {
    const numbers = values.map(Number);
    if (numbers.length > 16 || !numbers.every(Number.isSafeInteger))
      throw this.refuse(name, 'must be few integers below 2^53', numbers);
    return numbers;
  }
}
