import { op } from './pickle-opcodes.js';

/** Writes the values of a pickle of protocol 2 one after the other. */
export class PickleWriter {
  readonly #bytes: number[] = [op.proto, 2];

  /** One of the opcodes that take no argument. */
  opcode(...codes: number[]): this {
    this.#bytes.push(...codes);
    return this;
  }

  global(module: string, name: string): this {
    return this.opcode(op.global, ...utf8.encode(`${module}\n${name}\n`));
  }

  text(text: string): this {
    const bytes = utf8.encode(text);
    this.#uint32(op.binUnicode, bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** An integer from 0 to 2^31 - 1. */
  integer(value: number): this {
    return value < 256 ? this.opcode(op.binInt1, value) : this.#uint32(op.binInt, value);
  }

  integers(values: readonly number[]): this {
    this.opcode(op.mark);
    for (const value of values) this.integer(value);
    return this.opcode(op.tuple);
  }

  /** Ends the pickle. */
  stop(): Uint8Array {
    return Uint8Array.from(this.opcode(op.stop).#bytes);
  }

  #uint32(code: number, value: number): this {
    return this.opcode(code, value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  }
}

const utf8 = new TextEncoder();
