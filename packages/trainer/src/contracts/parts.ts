import type { Batch, Generator, MaybePromise, Parameter, Settings } from '@mnist-kit/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * A part that can say how it was set.
 *
 * @example
 * ```ts
 * import { className } from '@mnist-kit/core';
 * import type { Described } from '@mnist-kit/trainer';
 *
 * const told = (part: Described & object) => JSON.stringify(part.settings ?? className(part));
 * ```
 */
export interface Described {
  /**
   * How this part was set: plain values by name, which decide what it computes and do not change while it does.
   *
   * Checkpoints keep them, and a fit that resumes with others is refused unless its `override` names them. Of a part
   * without them only the class counts, of a function its text, of an optimizer its learning rates besides.
   */
  readonly settings?: Settings;
}

/**
 * What the Trainer asks of an optimizer. `SGD`, `Adam` and `AdamW` of `@mnist-kit/optim` have it, and so may
 * your own.
 *
 * @example
 * ```ts
 * import type { OptimizerLike } from '@mnist-kit/trainer';
 *
 * const signs: OptimizerLike = {
 *   lr: 1e-3,
 *   step(parameters) {
 *     for (const { value, gradient } of parameters)
 *       for (let i = 0; i < value.length; i++) value[i] -= this.lr * Math.sign(gradient[i]);
 *   },
 *   state: () => ({}),
 *   loadState: () => {},
 * };
 * ```
 */
export interface OptimizerLike extends Described {
  /** Learning rate of the next step. */
  lr: number;
  /** Parameter groups, the default one first, where the optimizer has any; the Trainer reads and writes their rates. */
  readonly groups?: readonly { lr: number }[];
  /** Position in `groups` of the group that a parameter belongs to; with it the Trainer warns of one that has none. */
  groupOf?(name: string): number;
  /** Writes new `value`s into the parameters from their `gradient`s. */
  step(parameters: readonly Parameter[]): void;
  /** Everything that the next step depends on, besides the parameters. */
  state(): unknown;
  /** Puts a {@link OptimizerLike.state} back. */
  loadState(state: unknown): void;
  /**
   * Called after `loadState` where a resumed fit overrides settings: those of `names` shall be as they were set now, and
   * not as the state has them. Needed only for settings that are part of the state; without it the Trainer sets `lr` and
   * the rates of the groups.
   *
   * @param names Names in {@link Described.settings}, e.g. `lr` or `groups.1.weightDecay`.
   * @param saved The settings that the state was saved with.
   */
  useSettings?(names: readonly string[], saved: Settings): void;
}

/**
 * What the Trainer asks of a learning-rate scheduler.
 *
 * @example
 * ```ts
 * import { SGD } from '@mnist-kit/optim';
 * import type { SchedulerLike } from '@mnist-kit/trainer';
 *
 * const optimizer = new SGD({ lr: 0.1 });
 * const halving: SchedulerLike = {
 *   get lr() {
 *     return optimizer.lr;
 *   },
 *   step: () => {
 *     optimizer.lr /= 2;
 *   },
 *   state: () => ({ lr: optimizer.lr }),
 *   loadState: (state) => {
 *     optimizer.lr = (state as { lr: number }).lr;
 *   },
 * };
 * ```
 */
export interface SchedulerLike extends Described {
  /** Learning rate of the next epoch or step. */
  readonly lr: number;
  /** Called after every epoch or optimizer step; `metric` is the monitored value, where one is needed. */
  step(metric?: number): void;
  /** When the Trainer calls `step`: after each epoch (the default) or after each optimizer step. */
  readonly interval?: 'epoch' | 'step';
  /** Whether the monitored value should fall or rise; present on schedulers that need a metric. */
  readonly mode?: 'min' | 'max';
  state(): unknown;
  loadState(state: unknown): void;
  /** Called after `loadState` where a resumed fit overrides learning rates: the base that group `i` has instead of `lr`. */
  rebase?(change: (lr: number, i: number) => number): void;
}

/**
 * What the Trainer asks of a loss: a differentiable TensorFlow.js function of the model's outputs
 * (`size x classes`) and the labels (`size`, int32) that returns a scalar.
 *
 * The losses of `@mnist-kit/losses` carry extra fields that let an engine run them without TensorFlow.js.
 *
 * @example
 * ```ts
 * import type { LossLike } from '@mnist-kit/trainer';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const loss: LossLike = (outputs, labels) =>
 *   tf.mean(tf.square(tf.sub(tf.softmax(outputs), tf.oneHot(labels, outputs.shape[1]))));
 * ```
 */
export interface LossLike extends Described {
  (outputs: Tensor2D, labels: Tensor1D): Tensor;
  /** How the batch is reduced; a loss without this field is taken as a mean. Training needs `mean` or `sum`. */
  readonly reduction?: 'none' | 'mean' | 'sum';
  /** For a cross-entropy: the target distribution of every sample, `size x classes`, row-major. */
  readonly softTargets?: (labels: Int32Array, classes: number) => Float32Array;
}

/**
 * An iterator over batches; `prefetch` starts the work of the next batch now.
 *
 * @example
 * ```ts
 * import type { Batch } from '@mnist-kit/core';
 * import type { BatchIterator } from '@mnist-kit/trainer';
 *
 * // The same batch, three times.
 * function* three(batch: Batch) {
 *   for (let i = 0; i < 3; i++) yield batch;
 * }
 * const iterate = (batch: Batch): BatchIterator => three(batch);
 * ```
 */
export interface BatchIterator {
  next(): MaybePromise<IteratorResult<Batch, unknown>>;
  return?(): MaybePromise<unknown>;
  /** Draws the next batch's random numbers now and prepares its pixels in the background. */
  prefetch?(): void;
}

/**
 * Anything that yields batches: the `DataLoader` of `@mnist-kit/datasets`, or any async iterable of `Batch`,
 * such as an async generator function's result wrapped in an object.
 *
 * @example
 * ```ts
 * import type { Batch } from '@mnist-kit/core';
 * import type { LoaderLike } from '@mnist-kit/trainer';
 *
 * const repeat = (batch: Batch, length: number): LoaderLike => ({
 *   length,
 *   batchSize: batch.size,
 *   async *[Symbol.asyncIterator]() {
 *     for (let i = 0; i < length; i++) yield batch;
 *   },
 * });
 * ```
 */
export interface LoaderLike extends Described {
  [Symbol.asyncIterator](): BatchIterator;
  /** Batches in one pass, when known: progress bars and step schedulers use it. */
  readonly length?: number;
  /** Samples in a full batch, when known: engines lay out their buffers for it. */
  readonly batchSize?: number;
  /** Where the loader's random numbers come from, if it draws any. */
  readonly generator?: Generator;
  /**
   * Where the current epoch stands, for {@link LoaderLike.resume}. Checkpoints inside an epoch use it; a loader
   * without it is iterated again up to the batch where a resumed fit goes on.
   */
  state?(): unknown;
  /** Makes the next iterator go on where a saved epoch stood. */
  resume?(state: unknown): void;
}

/**
 * A batch after mixing, as a {@link MixupLike} hands it back.
 *
 * @example
 * ```ts
 * import type { Mixed } from '@mnist-kit/trainer';
 *
 * const mixed: Mixed = { lambda: 0.7, partners: [1, 0] };
 * ```
 */
export interface Mixed {
  /** Weight of the sample itself, 0 to 1; its partner has `1 - lambda`. */
  readonly lambda: number;
  /** For every sample, the position in the batch of the sample that was mixed into it. */
  readonly partners: ArrayLike<number>;
}

/**
 * What the Trainer asks of mixup.
 *
 * @example
 * ```ts
 * import type { MixupLike } from '@mnist-kit/trainer';
 *
 * // Puts the first half of each pixel row of a partner into an image.
 * const mixing: MixupLike = {
 *   mix: (batch, generator) => {
 *     const partners = generator.randperm(batch.size);
 *     const width = batch.shape[1] * batch.shape[2];
 *     const rows = batch.images.length / width;
 *     const source = batch.images.slice();
 *     for (let row = 0; row < rows; row++) {
 *       const sample = Math.floor(row / batch.shape[0]);
 *       const from = (partners[sample] * batch.shape[0] + (row % batch.shape[0])) * width;
 *       batch.images.set(source.subarray(from, from + width / 2), row * width);
 *     }
 *     return { lambda: 0.5, partners };
 *   },
 * };
 * ```
 */
export interface MixupLike extends Described {
  /**
   * Decides whether this batch is mixed, and mixes `batch.images` in place.
   *
   * @returns How it was mixed, or `undefined` when it was left alone.
   */
  mix(batch: Batch, generator: Generator): Mixed | undefined;
  state?(): unknown;
  loadState?(state: unknown): void;
}
