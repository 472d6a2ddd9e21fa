import type { Generator, Parameter, TensorDict } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkBatch, checkOpen, checkSize, checkTarget, explainLoss } from '../checks.js';
import type { DisposableExecutor, StepOutput, StepTarget } from '../executor.js';
import { releaseTape } from '../release-tape.js';
import { BatchStatistics, checkNormInputs } from './batch-norm.js';
import { DropoutMasks } from './dropout.js';
import { explainMissing } from './explain-missing.js';
import { type Graph, layersOf } from './graph.js';
import { withRightKernels } from './repairs/scope.js';
import { runGraph } from './run-graph.js';
import { computeLoss } from './target.js';
import { registerWasmGradients } from './wasm-kernels/register.js';
import { collectWeights, type EagerParameter, readWeights, upload, writeWeights } from './weights.js';

/** What an {@link EagerExecutor} is made of. */
export interface EagerParts {
  readonly graph: Graph;
  readonly parameters: readonly EagerParameter[];
  /** Shape of one sample as the model wants it, e.g. `[height, width, channels]`. */
  readonly sampleShape: readonly number[];
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Samples of one inference run; more are run in slices. */
  readonly batchSize: number;
  /** Why the model runs eagerly. */
  readonly reason?: string;
}

/** Runs a model op by op on TensorFlow.js's current backend, and differentiates it on TensorFlow.js's tape. */
export class EagerExecutor implements DisposableExecutor {
  readonly engine = 'eager';
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly #graph: Graph;
  readonly #parameters: readonly EagerParameter[];
  readonly #sampleShape: readonly number[];
  readonly #sampleSize: number;
  readonly #batchSize: number;
  readonly #layers: readonly tfl.layers.Layer[];
  readonly #weights: readonly tfl.LayerVariable[];
  readonly #masks: DropoutMasks;
  readonly reason?: string;
  #disposed = false;

  constructor(parts: EagerParts) {
    this.reason = parts.reason;
    this.inputShape = parts.inputShape;
    this.classes = parts.classes;
    this.#graph = parts.graph;
    this.#parameters = parts.parameters;
    this.#sampleShape = parts.sampleShape;
    this.#sampleSize = parts.sampleShape.reduce((product, length) => product * length, 1);
    this.#batchSize = parts.batchSize;
    this.#layers = layersOf(parts.graph);
    this.#weights = collectWeights(this.#layers);
    this.#masks = new DropoutMasks(parts.graph);
  }

  get description(): string {
    const why = this.reason === undefined ? '' : ` (${this.reason})`;
    return `eager, TensorFlow.js ${tf.getBackend()} backend${why}`;
  }

  get parameters(): readonly Parameter[] {
    return this.#parameters;
  }

  drawMasks(size: number, generator: Generator): void {
    checkOpen(this.#disposed);
    checkSize(size);
    this.#masks.draw(size, generator);
  }

  async trainStep(images: Float32Array, size: number, target: StepTarget): Promise<StepOutput> {
    this.#checkBatch(images, size);
    checkTarget(target, size, this.classes);
    checkNormInputs(this.#graph, size);
    if (tf.getBackend() === 'wasm') registerWasmGradients();
    const statistics = new BatchStatistics();
    let results: { loss: tf.Tensor; outputs: tf.Tensor; gradients: tf.NamedTensorMap } | undefined;
    try {
      results = explainMissing(() =>
        withRightKernels(() => tf.tidy(() => this.#forwardBackward(images, size, target, statistics))),
      );
      statistics.updateRunning();
      const { loss, outputs, gradients } = results;
      const [lossData, outputData] = await Promise.all([loss.data(), outputs.data()]);
      await Promise.all(
        this.#parameters.map(async ({ weight, gradient }) => {
          // A weight that the loss does not depend on has no gradient.
          const data = await gradients[weight.name]?.data();
          if (data) gradient.set(data as Float32Array);
          else gradient.fill(0);
        }),
      );
      return { loss: lossData[0], outputs: (outputData as Float32Array).slice() };
    } finally {
      statistics.dispose();
      if (results) tf.dispose(results as unknown as tf.TensorContainer);
    }
  }

  async parametersChanged(): Promise<void> {
    checkOpen(this.#disposed);
    await Promise.all(this.#parameters.map(upload));
  }

  async predict(images: Float32Array, size: number): Promise<Float32Array> {
    this.#checkBatch(images, size);
    const result = new Float32Array(size * this.classes);
    for (let start = 0; start < size; start += this.#batchSize) {
      const count = Math.min(this.#batchSize, size - start);
      const outputs = explainMissing(() =>
        withRightKernels(() => tf.tidy(() => runGraph(this.#graph, this.#imageTensor(images, start, count)))),
      );
      try {
        result.set((await outputs.data()) as Float32Array, start * this.classes);
      } finally {
        outputs.dispose();
      }
    }
    return result;
  }

  readWeights(): Promise<TensorDict> {
    checkOpen(this.#disposed);
    return readWeights(this.#weights);
  }

  async writeWeights(weights: TensorDict): Promise<void> {
    checkOpen(this.#disposed);
    writeWeights(this.#weights, weights);
    for (const { name, value } of this.#parameters) if (weights[name]) value.set(weights[name].data);
  }

  /** Nothing to do: this executor works on the model's own weights. */
  syncModel(): void {
    checkOpen(this.#disposed);
  }

  dispose(): void {
    this.#disposed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }

  #forwardBackward(images: Float32Array, size: number, target: StepTarget, statistics: BatchStatistics) {
    const masks = this.#masks.take(size);
    const input = this.#imageTensor(images, 0, size);
    const variables = this.#parameters.map(({ weight }) => weight.read() as tf.Variable);
    let outputs: tf.Tensor2D | undefined;
    const run = () => {
      outputs = tf.keep(runGraph(this.#graph, input, { masks, statistics })) as tf.Tensor2D;
      return computeLoss(this.#layers, outputs, target);
    };
    try {
      // TensorFlow.js refuses to differentiate with respect to nothing.
      if (variables.length === 0) return { loss: run(), outputs: outputs!, gradients: {} };
      const { value, grads } = explainLoss(() => tf.variableGrads(run, variables));
      return { loss: value, outputs: outputs!, gradients: grads };
    } catch (error) {
      outputs?.dispose();
      releaseTape();
      throw error;
    }
  }

  #imageTensor(images: Float32Array, start: number, count: number): tf.Tensor {
    const data = images.subarray(start * this.#sampleSize, (start + count) * this.#sampleSize);
    return tf.tensor(data, [count, ...this.#sampleShape]);
  }

  #checkBatch(images: Float32Array, size: number): void {
    checkOpen(this.#disposed);
    checkBatch(images, size, this.inputShape);
  }
}
