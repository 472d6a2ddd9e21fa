import { CheckpointError } from '@mnist-kit/core';

/** Reads little-endian numbers and text one after the other, and never past the end. */
export class ByteReader {
  /** Where the next read begins. */
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;

  /**
   * @param bytes What to read from.
   * @param what Name of the bytes in error messages: "data.pkl".
   * @param position Where to begin. Default 0.
   */
  constructor(bytes: Uint8Array, what: string, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.position = position;
    if (position > bytes.length) this.#advance(0);
  }

  /** Bytes still to be read. */
  get remaining(): number {
    return this.#bytes.length - this.position;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** An unsigned 64-bit integer; one beyond 2^53 cannot be a length or place in any file. */
  u64(): number {
    const value = Number(this.#view.getBigUint64(this.#advance(8), true));
    if (!Number.isSafeInteger(value))
      throw new CheckpointError(
        `A length or position in ${this.#what} must be below 2^53. Received: ${value}`,
      );
    return value;
  }

  /** A double, most significant byte first. */
  f64BigEndian(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Passes over the next `length` bytes. */
  skip(length: number): void {
    this.#advance(length);
  }

  /** The next `length` bytes as UTF-8. */
  text(length: number): string {
    const short = length <= maxShort ? this.#shortText(length) : undefined;
    if (short !== undefined) return short;
    const bytes = this.take(length);
    try {
      return utf8.decode(bytes);
    } catch (error) {
      throw new CheckpointError(`Text in ${this.#what} must be UTF-8.`, { cause: error });
    }
  }

  /** Text up to the next line feed, which is skipped. */
  line(): string {
    const end = this.#bytes.subarray(this.position, this.position + maxLine).indexOf(lineFeed);
    if (end < 0) throw new CheckpointError(`A line in ${this.#what} must end within ${maxLine} bytes.`);
    const text = this.text(end);
    this.position++;
    return text;
  }

  /** ASCII without a decoder, which for a few letters takes several times as long; undefined for anything else. */
  #shortText(length: number): string | undefined {
    const start = this.position;
    const end = Math.min(start + length, this.#bytes.length);
    for (let at = start; at < end; at++) {
      const code = this.#bytes[at];
      if (code > 0x7f) return undefined;
      codes[at - start] = code;
    }
    this.#advance(length);
    codes.length = length;
    return String.fromCharCode(...codes);
  }

  #advance(length: number): number {
    const start = this.position;
    if (start + length > this.#bytes.length)
      throw new CheckpointError(
        `The .pth file is truncated or damaged: ${this.#what} has ${this.#bytes.length} bytes, and byte ${start + length} was asked for.`,
      );
    this.position += length;
    return start;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lineFeed = 0x0a;
const maxLine = 1000;
const maxShort = 40;
const codes: number[] = [];
