/**
 * The few shapes that packages hand to each other. They live here so that no package needs another one's
 * internals to agree with it.
 */

/**
 * A value, or a promise of it: synchronous where the engine can be, asynchronous where it must be.
 *
 * @example
 * ```ts
 * import type { MaybePromise } from '@mnist-kit/core';
 *
 * const twice = async (value: MaybePromise<number>) => 2 * (await value);
 * console.log(await twice(21), await twice(Promise.resolve(21))); // 42 42
 * ```
 */
export type MaybePromise<T> = T | Promise<T>;

/**
 * One batch of images and labels as a `DataLoader` yields it.
 *
 * The arrays are reused: they stay valid until the next batch is asked for. Copy what must live longer.
 *
 * @example
 * ```ts
 * import type { Batch } from '@mnist-kit/core';
 *
 * const batch: Batch = {
 *   images: new Float32Array(2 * 28 * 28),
 *   labels: Int32Array.of(7, 2),
 *   size: 2,
 *   shape: [28, 28, 1],
 *   indices: Int32Array.of(0, 1),
 * };
 * ```
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
 *
 * @example
 * ```ts
 * import type { Parameter } from '@mnist-kit/core';
 *
 * const bias: Parameter = {
 *   name: 'fc/bias',
 *   shape: [10],
 *   value: new Float32Array(10),
 *   gradient: new Float32Array(10),
 * };
 * ```
 */
export interface Parameter {
  /** The TensorFlow.js weight name, e.g. `conv1/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Float32Array;
  readonly gradient: Float32Array;
}

/**
 * A named tensor outside TensorFlow.js: what state dicts, safetensors and checkpoints are made of.
 *
 * @example
 * ```ts
 * import type { NamedTensor } from '@mnist-kit/core';
 *
 * const bias: NamedTensor = { shape: [10], data: new Float32Array(10) };
 * ```
 */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Tensors by name, in a fixed order.
 *
 * @example
 * ```ts
 * import type { TensorDict } from '@mnist-kit/core';
 *
 * const weights: TensorDict = { 'fc/bias': { shape: [10], data: new Float32Array(10) } };
 * ```
 */
export type TensorDict = Record<string, NamedTensor>;

/**
 * Bytes with a buffer of their own, as files and Blobs take them: `Uint8Array<ArrayBuffer>`. TypeScript before 5.7
 * does not know that spelling, and where it stands in a declaration takes the whole type for `any`.
 *
 * @example
 * ```ts
 * import type { FileBytes } from '@mnist-kit/core';
 *
 * const bytes: FileBytes = Uint8Array.of(1, 2, 3);
 * const blob = new Blob([bytes]);
 * ```
 */
export type FileBytes = ReturnType<Uint8ArrayConstructor['of']>;
