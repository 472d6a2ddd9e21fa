/// <reference lib="esnext.disposable" preserve="true" />
import type { Generator, MaybePromise, Parameter, Settings, TensorDict } from '@mnist-kit/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * What a training step minimises.
 *
 * - `softTargets`: cross-entropy against a distribution per sample, `scale * sum(-q * log_softmax(outputs))`.
 *   NLL, cross-entropy, label smoothing and mixup are all of this form; executors run it without TensorFlow.js.
 * - `function`: any differentiable TensorFlow.js function of the outputs, returning a scalar.
 *
 * @example
 * ```ts
 * import type { StepTarget } from '@mnist-kit/engine';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const oneHot: StepTarget = {
 *   kind: 'softTargets',
 *   probabilities: Float32Array.of(0, 1, 0, 1, 0, 0), // two samples of three classes
 *   scale: 1 / 2,
 * };
 * const own: StepTarget = { kind: 'function', loss: (outputs) => tf.mean(tf.square(outputs)) };
 * ```
 */
export type StepTarget =
  | {
      readonly kind: 'softTargets';
      /** `size x classes`, row-major. */
      readonly probabilities: Float32Array;
      /** `1 / size` for the mean over the batch, 1 for the sum. */
      readonly scale: number;
    }
  | { readonly kind: 'function'; readonly loss: (outputs: Tensor2D) => Scalar };

/**
 * What a training step reports.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { createExecutor, type StepOutput } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const executor = await createExecutor(optimizedNet(), { threads: 1, batchSize: 2 });
 * executor.drawMasks(2, new Generator(1));
 * const probabilities = new Float32Array(20).fill(0.1);
 * const target = { kind: 'softTargets', probabilities, scale: 0.5 } as const;
 * const output: StepOutput = await executor.trainStep(new Float32Array(2 * 784), 2, target);
 * console.log(output.loss, output.outputs.length); // about 2.3, 20
 * await executor.dispose();
 * ```
 */
export interface StepOutput {
  /** The loss of this batch, before the update. */
  readonly loss: number;
  /** The model's outputs in training mode, `size x classes`; valid until the next call. */
  readonly outputs: Float32Array;
}

/**
 * Runs a model: forward, backward, inference. It never updates parameters itself: an optimizer does that on
 * {@link Executor.parameters}, so any optimizer works on any executor.
 *
 * One training step is
 * `drawMasks(size, generator)`, `trainStep(images, size, target)`, `optimizer.step(executor.parameters)`,
 * `parametersChanged()`.
 *
 * @example
 * ```ts
 * import { createExecutor, type Executor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const executor: Executor = await createExecutor(optimizedNet(), { threads: 1 });
 * console.log(executor.engine, executor.inputShape, executor.classes); // plan [28, 28, 1] 10
 * await executor.dispose();
 * ```
 */
export interface Executor {
  readonly engine: 'plan' | 'eager';
  /** For people: `plan, WebAssembly SIMD, 2 threads`, or `SIMD of 256 bits`; with `reason` and `note` in parentheses. */
  readonly description: string;
  /** Why this is not the fastest engine, where there is a reason: the layer that the plan does not run. */
  readonly reason?: string;
  /** Threads that it runs on, the calling one included, where it has a say in it. */
  readonly threads?: number;
  /** Bits of its vectors, likewise. */
  readonly vectors?: 128 | 256;
  /** Why it has fewer threads or narrower vectors than might be expected: `the page is not cross-origin isolated`. */
  readonly note?: string;
  /**
   * What decides its numbers besides the model, for executors that do more than run it: kept in checkpoints, and
   * compared when a fit resumes.
   */
  readonly settings?: Settings;
  /** `[height, width, channels]` of one image. */
  readonly inputShape: readonly [number, number, number];
  /** Outputs per sample. */
  readonly classes: number;
  /**
   * The trainable tensors in the model's order. Read `value` and `gradient` anew in every step: a batch that is
   * larger than any before may move them.
   */
  readonly parameters: readonly Parameter[];

  /**
   * Draws the dropout masks of the next training step, in forward order, from `generator`.
   *
   * Separate from `trainStep` so that a loader can draw the next batch's randomness right after it, in the
   * order in which PyTorch would, while the step runs.
   */
  drawMasks(size: number, generator: Generator): void;

  /** Forward and backward in training mode: fills every `gradient`, moves the batch-norm statistics. */
  trainStep(images: Float32Array, size: number, target: StepTarget): MaybePromise<StepOutput>;

  /** Tells the executor that `value`s were written. */
  parametersChanged(): MaybePromise<void>;

  /** The model's outputs in inference mode, `size x classes`; valid until the next call. Any `size`. */
  predict(images: Float32Array, size: number): MaybePromise<Float32Array>;

  /** A copy of every weight by TensorFlow.js name, the batch-norm statistics included, in the model's order. */
  readWeights(): MaybePromise<TensorDict>;

  /** Replaces weights by TensorFlow.js name; names that are left out keep their values. */
  writeWeights(weights: TensorDict): MaybePromise<void>;

  /** Copies the weights into the `tf.LayersModel` that the executor was made from. */
  syncModel(): MaybePromise<void>;

  /**
   * Ends threads and frees memory and tensors, at once: one that is only forgotten gives them back when the garbage
   * collector comes to it. Called again it does nothing; further calls of anything else throw.
   */
  dispose(): MaybePromise<void>;
}

/**
 * An executor for `await using`, which disposes of it at the end of the block. The executors of this package are such;
 * those of one's own need not be.
 *
 * @example
 * ```ts
 * import { createExecutor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * await using executor = await createExecutor(optimizedNet());
 * await executor.predict(new Float32Array(784), 1);
 * ```
 */
export interface DisposableExecutor extends Executor, AsyncDisposable {}

/**
 * Runs a model for its outputs alone: no gradients, and no memory for them. Every {@link Executor} is one as well.
 *
 * @example
 * ```ts
 * import { createPredictor, type Predictor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const predictor: Predictor = await createPredictor(optimizedNet());
 * console.log(predictor.classes); // 10
 * await predictor.dispose();
 * ```
 */
export interface Predictor
  extends Pick<
    Executor,
    | 'engine'
    | 'description'
    | 'reason'
    | 'inputShape'
    | 'classes'
    | 'predict'
    | 'readWeights'
    | 'writeWeights'
    | 'dispose'
  > {}

/**
 * A predictor for `await using`, which disposes of it at the end of the block.
 *
 * @example
 * ```ts
 * import { createPredictor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * await using predictor = await createPredictor(optimizedNet());
 * await predictor.predict(new Float32Array(784), 1);
 * ```
 */
export interface DisposablePredictor extends Predictor, AsyncDisposable {}

/**
 * How to run a model.
 *
 * @example
 * ```ts
 * import { createExecutor, type ExecutorOptions } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const options: ExecutorOptions = { engine: 'plan', threads: 1, batchSize: 32 };
 * const executor = await createExecutor(optimizedNet(), options);
 * await executor.dispose();
 * ```
 */
export interface ExecutorOptions {
  /** `auto` (default) takes the plan where it knows every layer, and eager otherwise. */
  engine?: 'auto' | 'plan' | 'eager';
  /**
   * Threads of the plan, the calling one included. Default: the number of cores, at most 8. In a browser there is one
   * unless the page is cross-origin isolated and this is a Worker; the executor's `note` says why.
   */
  threads?: number;
  /**
   * The same bits on every machine and thread count (default true). `false` lets the plan use relaxed SIMD,
   * whose last bits depend on the machine, where the runtime has it: Node 22 and newer, current browsers.
   */
  reproducible?: boolean;
  /**
   * Bits of the plan's vectors; the results are the same. `auto` (default) takes 256 in a process that was started with
   * V8's flag `--experimental-wasm-revectorize`, or after `enableWideVectors()`, and 128 otherwise. `256` sets that
   * flag, which is the whole process's, and is refused where it cannot be had: Node before 22, browsers, processors
   * without AVX2. Eager has no vectors of its own.
   */
  vectors?: 'auto' | 128 | 256;
  /** Largest training batch; larger batches grow the buffers. Default 128. */
  batchSize?: number;
}

/**
 * How to run a model op by op.
 *
 * @example
 * ```ts
 * import { createEagerExecutor, type EagerExecutorOptions } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const options: EagerExecutorOptions = { backend: 'cpu', batchSize: 32 };
 * const executor = await createEagerExecutor(optimizedNet(), options);
 * ```
 */
export interface EagerExecutorOptions extends ExecutorOptions {
  /**
   * TensorFlow.js backend, for the whole program. Default: the one that is set. `auto` takes `wasm` where the
   * slow `cpu` one is set and the package `@tensorflow/tfjs-backend-wasm` is installed.
   */
  backend?: string;
  /** Why the model runs eagerly, for the executor's description. */
  reason?: string;
}

/**
 * How to run a model for its outputs alone.
 *
 * @example
 * ```ts
 * import { createPredictor, type PredictorOptions } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const options: PredictorOptions = { threads: 1, batchSize: 1 };
 * const predictor = await createPredictor(optimizedNet(), options);
 * await predictor.dispose();
 * ```
 */
export interface PredictorOptions extends Omit<EagerExecutorOptions, 'batchSize' | 'reason'> {
  /** Images that there is room for at once; of a larger batch so many follow each other. Default 128. */
  batchSize?: number;
}
