/**
 * The few shapes that packages hand to each other. They live here so that no package needs another one's
 * internals to agree with it.
 */

/** A value, or a promise of it: synchronous where the engine can be, asynchronous where it must be. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * One batch of images and labels as a `DataLoader` yields it.
 *
 * The arrays are reused: they stay valid until the next batch is asked for. Copy what must live longer.
 */
export interface Batch {
  /** Pixels, `size x height x width x channels` (NHWC), float32. */
  readonly images: Float32Array;
  /** Class indices, `size`, int32. */
  readonly labels: Int32Array;
  /** Number of samples in this batch; the last batch of an epoch may hold fewer. */
  readonly size: number;
  /** `[height, width, channels]` of one image. */
  readonly shape: readonly [number, number, number];
  /** Position of each sample in the data set that the loader was given. */
  readonly indices: Int32Array;
}

/**
 * One trainable tensor: its value and the gradient of the last step, flat, in the layout of the
 * TensorFlow.js weight of the same name (a convolution kernel is `height x width x in x out`).
 *
 * An optimizer reads `gradient` and writes `value` in place.
 */
export interface Parameter {
  /** The TensorFlow.js weight name, e.g. `conv1/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Float32Array;
  readonly gradient: Float32Array;
}

/** A named tensor outside TensorFlow.js: what state dicts, safetensors and checkpoints are made of. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Tensors by name, in a fixed order. */
export type TensorDict = Record<string, NamedTensor>;
