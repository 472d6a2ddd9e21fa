/** Cache lines are 64 bytes; buffers that start on one do not share it with a neighbour. */
const ALIGNMENT = 64;

/** Hands out addresses one after the other; nothing is ever given back. */
export class Arena {
  #next: number;

  constructor(start = 0) {
    this.#next = start;
  }

  /** Address of `bytes` fresh bytes. */
  alloc(bytes: number): number {
    const address = Math.ceil(this.#next / ALIGNMENT) * ALIGNMENT;
    this.#next = address + bytes;
    return address;
  }

  /** Address of `count` fresh float32 values. */
  floats(count: number): number {
    return this.alloc(count * 4);
  }

  /** Address of `count` fresh float64 values. */
  doubles(count: number): number {
    return this.alloc(count * 8);
  }

  /** One past the last byte handed out. */
  get end(): number {
    return this.#next;
  }
}
