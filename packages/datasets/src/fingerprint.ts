import type { Pixels } from './pixels.js';

/** Most words of 32 bits that are read; of larger arrays, blocks that are spread evenly over them. */
const MOST = 3 << 22;
const BLOCK = 1 << 12;

const known = new WeakMap<object, string>();

/**
 * A checksum of an array, 16 hex digits: two arrays of one type, of one length and with the same one hold, but for
 * bad luck, the same. It is for telling apart, not for safety.
 *
 * Arrays of more than 48 MiB are sampled. An array is read once; what is written into it later is not seen.
 */
export function fingerprint(values: Pixels | Int32Array): string {
  let digest = known.get(values);
  if (digest === undefined) {
    digest = `${values.constructor.name} ${digestOf(values)}`;
    known.set(values, digest);
  }
  return digest;
}

function digestOf(values: Pixels | Int32Array): string {
  const { buffer, byteOffset, byteLength } = values;
  const aligned = byteOffset % 4 === 0;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const words = new Uint32Array(
    aligned ? buffer : bytes.slice().buffer,
    aligned ? byteOffset : 0,
    byteLength >> 2,
  );
  const lanes = new Int32Array([1, 2, 3, 4]);
  if (words.length <= MOST) mixIn(lanes, words, 0, words.length);
  else {
    const blocks = MOST / BLOCK;
    for (let i = 0; i < blocks; i++) {
      const start = Math.floor((i * (words.length - BLOCK)) / (blocks - 1));
      mixIn(lanes, words, start, start + BLOCK);
    }
  }
  mixIn(lanes, bytes, byteLength & ~3, byteLength);
  mixIn(lanes, [byteLength], 0, 1);
  const [a, b, c, d] = lanes;
  return [avalanche(a ^ avalanche(c)), avalanche(b ^ avalanche(d))]
    .map((half) => (half >>> 0).toString(16).padStart(8, '0'))
    .join('');
}

/** Four sums beside each other, so that the processor need not wait for one multiplication to begin the next. */
function mixIn(lanes: Int32Array, values: ArrayLike<number>, start: number, end: number): void {
  const { imul } = Math;
  const odd = 0x9e3779b1;
  let [a, b, c, d] = lanes;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    a = imul(a ^ values[i], odd);
    a = (a << 13) | (a >>> 19);
    b = imul(b ^ values[i + 1], odd);
    b = (b << 13) | (b >>> 19);
    c = imul(c ^ values[i + 2], odd);
    c = (c << 13) | (c >>> 19);
    d = imul(d ^ values[i + 3], odd);
    d = (d << 13) | (d >>> 19);
  }
  for (; i < end; i++) {
    a = imul(a ^ values[i], odd);
    a = (a << 13) | (a >>> 19);
  }
  lanes.set([a, b, c, d]);
}

/** The end of MurmurHash3, https://github.com/aappleby/smhasher: every bit reaches every other one. */
function avalanche(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
