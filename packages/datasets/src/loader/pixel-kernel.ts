import type { Pixels } from '../pixels.js';

/** What happens to the job that two threads share; the values of `control[0]`. */
export const jobState = { idle: 0, pending: 1, working: 2, done: 3 } as const;

/** Numbers per pixel operation: mode and six coefficients. */
export const operationSize = 7;

/**
 * All that the pixel work of a loader needs, in arrays that the calling thread and a worker share. There are
 * two slots, one for the batch in use and one for the next.
 */
export interface PixelMemory {
  /** State of the job, its slot, its number of samples. */
  readonly control: Int32Array;
  /** Every image of the data set. */
  readonly source: Pixels;
  /** Slots x batch size: which image of `source` each sample is. */
  readonly rows: Int32Array;
  /** Slots x batch size x steps x {@link operationSize}: the operations of each sample. */
  readonly operations: Float64Array;
  /** Channels x 256: the float32 value of each byte. Not used for float32 sources. */
  readonly table: Float32Array;
  /** Normalisations x channels x (mean, std), for float32 sources. */
  readonly scaling: Float32Array;
  /** Slots x batch size x height x width x channels: the result. */
  readonly images: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly batchSize: number;
  /** Pixel operations per sample. */
  readonly steps: number;
  /** Whether this thread serves jobs for ever, rather than being called. */
  readonly serve: boolean;
}

/** Prepares the first `count` samples of a slot. */
export type PixelKernel = (slot: number, count: number) => void;

/**
 * The pixel work: moves the pixels of each sample by its operations, then turns them into float32.
 *
 * It travels to a worker as source text, so it uses nothing from outside itself.
 */
export function pixelKernel({ workerData }: { workerData: PixelMemory }): PixelKernel {
  const { control, source, rows, operations, table, scaling, images } = workerData;
  const { width, height, channels, batchSize, steps, serve } = workerData;
  const size = width * height * channels;
  const isBytes = source instanceof Uint8Array;
  const makeScratch = () => (isBytes ? new Uint8Array(size) : new Float32Array(size));
  const scratch = [makeScratch(), makeScratch()];
  const columns = new Int32Array(width);
  const fround = Math.fround;

  /** Moves an image from `start` of `from` to `to`; places from outside become 0. */
  function move(from: Uint8Array | Float32Array, start: number, to: Uint8Array | Float32Array, op: number) {
    const mode = operations[op];
    const a = operations[op + 1];
    const b = operations[op + 2];
    const c = operations[op + 3];
    const d = operations[op + 4];
    const e = operations[op + 5];
    const f = operations[op + 6];
    if (mode === 0) {
      for (let i = 0; i < size; i++) to[i] = from[start + i];
    } else if (mode === 1) {
      moveFixed(from, start, to, a | 0, b | 0, c | 0, d | 0, e | 0, f | 0);
    } else if (b === 0 && d === 0) {
      moveAxes(from, start, to, a, c, e, f);
    } else {
      moveFloat(from, start, to, a, b, c, d, e, f);
    }
  }

  function moveFixed(
    from: Uint8Array | Float32Array,
    start: number,
    to: Uint8Array | Float32Array,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ) {
    let i = 0;
    for (let y = 0; y < height; y++) {
      let sx = c;
      let sy = f;
      for (let x = 0; x < width; x++) {
        const column = sx >> 16;
        const row = sy >> 16;
        const inside = column >= 0 && column < width && row >= 0 && row < height;
        if (channels === 1) {
          to[i++] = inside ? from[start + row * width + column] : 0;
        } else {
          const at = start + (row * width + column) * channels;
          for (let k = 0; k < channels; k++) to[i++] = inside ? from[at + k] : 0;
        }
        sx = (sx + a) | 0;
        sy = (sy + d) | 0;
      }
      c = (c + b) | 0;
      f = (f + e) | 0;
    }
  }

  /** Rows and columns do not mix, so the columns are worked out once. */
  function moveAxes(
    from: Uint8Array | Float32Array,
    start: number,
    to: Uint8Array | Float32Array,
    a: number,
    c: number,
    e: number,
    f: number,
  ) {
    for (let x = 0; x < width; x++) {
      columns[x] = c >= 0 && c < width ? Math.floor(c) : -1;
      c += a;
    }
    let i = 0;
    for (let y = 0; y < height; y++) {
      const row = f >= 0 && f < height ? Math.floor(f) : -1;
      const line = start + row * width * channels;
      for (let x = 0; x < width; x++) {
        const column = columns[x];
        const inside = row >= 0 && column >= 0;
        if (channels === 1) {
          to[i++] = inside ? from[line + column] : 0;
        } else {
          for (let k = 0; k < channels; k++) to[i++] = inside ? from[line + column * channels + k] : 0;
        }
      }
      f += e;
    }
  }

  function moveFloat(
    from: Uint8Array | Float32Array,
    start: number,
    to: Uint8Array | Float32Array,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ) {
    let i = 0;
    for (let y = 0; y < height; y++) {
      let sx = c;
      let sy = f;
      for (let x = 0; x < width; x++) {
        const inside = sx >= 0 && sx < width && sy >= 0 && sy < height;
        const at = inside ? start + (Math.floor(sy) * width + Math.floor(sx)) * channels : 0;
        for (let k = 0; k < channels; k++) to[i++] = inside ? from[at + k] : 0;
        sx += a;
        sy += d;
      }
      c += b;
      f += e;
    }
  }

  function toFloats(from: Uint8Array | Float32Array, start: number, out: number) {
    if (isBytes) {
      if (channels === 1) {
        for (let i = 0; i < size; i++) images[out + i] = table[from[start + i]];
      } else {
        for (let i = 0, k = 0; i < size; i++, k = k + 1 === channels ? 0 : k + 1)
          images[out + i] = table[k * 256 + from[start + i]];
      }
      return;
    }
    for (let i = 0; i < size; i++) {
      let value = from[start + i];
      for (let s = (i % channels) * 2; s < scaling.length; s += channels * 2)
        value = fround(fround(value - scaling[s]) / scaling[s + 1]);
      images[out + i] = value;
    }
  }

  function run(slot: number, count: number) {
    for (let n = 0; n < count; n++) {
      const sample = slot * batchSize + n;
      let from: Uint8Array | Float32Array = source;
      let start = rows[sample] * size;
      for (let step = 0; step < steps; step++) {
        const to = scratch[step & 1];
        move(from, start, to, (sample * steps + step) * 7);
        from = to;
        start = 0;
      }
      toFloats(from, start, sample * size);
    }
  }

  while (serve) {
    const state = Atomics.load(control, 0);
    if (state !== 1) {
      Atomics.wait(control, 0, state);
    } else if (Atomics.compareExchange(control, 0, 1, 2) === 1) {
      run(control[1], control[2]);
      Atomics.store(control, 0, 3);
    }
  }
  return run;
}
