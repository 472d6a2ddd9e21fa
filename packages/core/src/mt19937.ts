const size = 624;
const middle = 397;

/** A word's successor in the next block, from itself, its neighbour and the word `middle` places on. */
const mix = (word: number, next: number, far: number): number => {
  const mixed = (word & 0x80000000) | (next & 0x7fffffff);
  return far ^ (mixed >>> 1) ^ (-(mixed & 1) & 0x9908b0df);
};

/** The 624 words of a generator and how many of them are used up. */
export interface Mt19937State {
  /** The words as base64 of 2,496 little-endian bytes. */
  readonly words: string;
  /** Number of words of the current block that were drawn, 0 to 624. */
  readonly position: number;
}

/**
 * The 32-bit Mersenne Twister that PyTorch's CPU generator and NumPy's legacy generator share.
 *
 * Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudorandom
 * number generator" (1998), with the initialisation of 2002.
 */
export class Mt19937 {
  readonly #words = new Int32Array(size);
  /** The current block after tempering: a draw is then one read. */
  readonly #block = new Uint32Array(size);
  #position = size;

  /** Fills the state from one 32-bit seed; higher bits are dropped. */
  seed(seed: number): void {
    const words = this.#words;
    words[0] = seed | 0;
    for (let i = 1; i < size; i++) {
      const previous = words[i - 1];
      words[i] = (Math.imul(1812433253, previous ^ (previous >>> 30)) + i) | 0;
    }
    this.#position = size;
  }

  /** Fills the state from a key of 32-bit words (`init_by_array` of the 2002 paper). */
  seedByArray(key: readonly number[]): void {
    this.seed(19650218);
    const words = this.#words;
    let i = 1;
    let j = 0;
    for (let k = Math.max(size, key.length); k > 0; k--) {
      const previous = words[i - 1];
      words[i] = (words[i] ^ Math.imul(previous ^ (previous >>> 30), 1664525)) + key[j] + j;
      if (++i >= size) {
        words[0] = words[size - 1];
        i = 1;
      }
      if (++j >= key.length) j = 0;
    }
    for (let k = size - 1; k > 0; k--) {
      const previous = words[i - 1];
      words[i] = (words[i] ^ Math.imul(previous ^ (previous >>> 30), 1566083941)) - i;
      if (++i >= size) {
        words[0] = words[size - 1];
        i = 1;
      }
    }
    words[0] = 0x80000000 | 0;
    this.#position = size;
  }

  /** The next 32 bits as an unsigned integer. */
  next(): number {
    if (this.#position === size) this.#refill();
    return this.#block[this.#position++];
  }

  /** A double in [0, 1) with 53 random bits, from the low 53 bits of two words (high word first). */
  nextLow53(): number {
    const high = this.next() & 0x1fffff;
    return (high * 4294967296 + this.next()) * 2 ** -53;
  }

  /** Fills `out` with `value` where {@link nextLow53} is below `limit`, 0 to 1, and with 0 where it is not. */
  fillBelow(out: Float32Array, limit: number, value: number): void {
    // The upper 21 bits decide nearly always, without a double made of all 53.
    const scaled = limit * 2 ** 21;
    const high = Math.floor(scaled);
    const low = (scaled - high) * 2 ** 32;
    for (let i = 0; i < out.length; i++) {
      const upper = this.next() & 0x1fffff;
      const lower = this.next();
      out[i] = upper < high || (upper === high && lower < low) ? value : 0;
    }
  }

  /** A double in [0, 1) with 53 random bits, from the upper 27 and 26 bits of two words. */
  nextHigh53(): number {
    const high = this.next() >>> 5;
    return (high * 67108864 + (this.next() >>> 6)) * 2 ** -53;
  }

  /** Goes to the place where another one is; far cheaper than by way of its state. */
  copy(other: Mt19937): void {
    this.#words.set(other.#words);
    this.#block.set(other.#block);
    this.#position = other.#position;
  }

  state(): Mt19937State {
    const bytes = new Uint8Array(size * 4);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < size; i++) view.setInt32(i * 4, this.#words[i], true);
    return { words: btoa(String.fromCharCode(...bytes)), position: this.#position };
  }

  /** Takes a state over; says false, and changes nothing, when it is not one. */
  setState(state: Mt19937State): boolean {
    const { words, position } = state;
    if (!Number.isInteger(position) || position < 0 || position > size || typeof words !== 'string')
      return false;
    let binary: string;
    try {
      binary = atob(words);
    } catch {
      return false;
    }
    if (binary.length !== size * 4) return false;
    const view = new DataView(Uint8Array.from(binary, (char) => char.charCodeAt(0)).buffer);
    for (let i = 0; i < size; i++) this.#words[i] = view.getInt32(i * 4, true);
    this.#position = position;
    this.#temper();
    return true;
  }

  #refill(): void {
    const words = this.#words;
    const last = size - 1;
    let word = words[0];
    for (let i = 0; i < last; i++) {
      const next = words[i + 1];
      words[i] = mix(word, next, words[i < size - middle ? i + middle : i + middle - size]);
      word = next;
    }
    words[last] = mix(word, words[0], words[middle - 1]);
    this.#temper();
    this.#position = 0;
  }

  #temper(): void {
    const words = this.#words;
    const block = this.#block;
    for (let i = 0; i < size; i++) {
      let y = words[i];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      y ^= y >>> 18;
      block[i] = y;
    }
  }
}
