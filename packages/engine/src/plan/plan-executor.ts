import {
  availableParallelism,
  EngineError,
  type Generator,
  InvalidArgumentError,
  type Parameter,
  type TensorDict,
} from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Executor, ExecutorOptions, StepOutput, StepTarget } from '../executor.js';
import { chunkSizeOf, control } from './context.js';
import { readModel } from './graph/read-model.js';
import { dropoutRate, paddedChannels, type Stage, type StageGraph, type WeightRef } from './graph/stage.js';
import { applyHead, backThroughHead, softTargetCrossEntropy } from './head.js';
import { affineOf, biasOf } from './post/affine.js';
import { compileProgram, entry, type Program } from './program.js';
import { ThreadPool } from './threads/pool.js';

/** The most threads that are taken without being asked for. */
const MOST_THREADS = 8;
const DEFAULT_BATCH = 128;

/**
 * Compiles a model into a plan and makes an executor of it.
 *
 * @throws UnsupportedLayerError for a model with a layer that the plan does not know.
 * @throws EngineError where WebAssembly with SIMD is missing or memory runs out.
 */
export async function createPlanExecutor(
  model: LayersModel,
  options: ExecutorOptions = {},
): Promise<Executor> {
  const { threads = Math.min(MOST_THREADS, availableParallelism()), batchSize = DEFAULT_BATCH } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new InvalidArgumentError('threads', 'must be a positive integer', threads);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new InvalidArgumentError('batchSize', 'must be a positive integer', batchSize);
  const executor = new PlanExecutor(model, readModel(model), threads);
  await executor.grow(batchSize);
  await executor.writeWeights(modelWeights(model));
  return executor;
}

/** Whether threads can share memory here: always in Node, in a browser only on isolated pages. */
const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer !== 'undefined' &&
  (typeof crossOriginIsolated === 'undefined' || crossOriginIsolated);

class PlanExecutor implements Executor {
  readonly engine = 'plan';
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly parameters: readonly Parameter[];
  readonly #threads: number;
  readonly #output: Stage;
  #capacity = 0;
  #program!: Program;
  #pool!: ThreadPool;
  #floats!: Float32Array;
  #words!: Int32Array;
  #outputs = new Float32Array(0);
  #masks: Float32Array[] = [];
  #maskedSize = 0;
  /** Whether the weights changed since they were last brought into the kernels' form. */
  #stale = true;

  constructor(
    readonly model: LayersModel,
    readonly graph: StageGraph,
    threads: number,
  ) {
    const { height, width, channels } = graph.stages[0].raw;
    this.inputShape = [height, width, channels];
    this.#output = graph.stages[graph.stages.length - 1];
    this.classes = this.#output.raw.channels;
    this.#threads = canShareMemory() ? threads : 1;
    const sizeOf = (ref: WeightRef) => ref.shape.reduce((product, side) => product * side, 1);
    // The views move when the memory grows, so parameters look them up.
    const view = (ref: WeightRef, kind: 'value' | 'gradient') => this.#view(ref.name, kind, sizeOf(ref));
    this.parameters = graph.weights
      .filter((ref) => ref.trainable)
      .map((ref) => ({
        name: ref.name,
        shape: ref.shape,
        get value() {
          return view(ref, 'value');
        },
        get gradient() {
          return view(ref, 'gradient');
        },
      }));
  }

  get description(): string {
    const threads = this.#threads === 1 ? '1 thread' : `${this.#threads} threads`;
    return `plan, WebAssembly SIMD, ${threads}`;
  }

  #view(name: string, kind: 'value' | 'gradient', length: number): Float32Array {
    const address = this.#program.weights.get(name)?.[kind] ?? 0;
    return this.#floats.subarray(address / 4, address / 4 + length);
  }

  /** Makes room for batches of `capacity` images. Weights move along. */
  async grow(capacity: number): Promise<void> {
    if (capacity <= this.#capacity) return;
    const shared = this.#threads > 1;
    const program = compileProgram(this.graph, { capacity, threads: this.#threads, shared });
    let pool: ThreadPool;
    try {
      pool = await ThreadPool.start(program, this.#threads, shared);
    } catch (error) {
      if (error instanceof RangeError)
        throw new EngineError(
          `The plan needs ${Math.round((program.pages * 65_536) / 2 ** 20)} MiB for batches of ${capacity}: ` +
            'choose a smaller batch size.',
          { cause: error },
        );
      throw error;
    }
    const old = this.#capacity > 0 ? this.readWeights() : undefined;
    const oldPool = this.#pool;
    this.#program = program;
    this.#pool = pool;
    this.#capacity = capacity;
    this.#floats = new Float32Array(pool.memory.buffer);
    this.#words = new Int32Array(pool.memory.buffer);
    this.#outputs = new Float32Array(capacity * this.classes);
    if (old) this.writeWeights(old);
    await oldPool?.dispose();
  }

  drawMasks(size: number, generator: Generator): void {
    this.#masks = this.#dropped().map((stage, i) => {
      const count = size * masksPerImage(stage);
      const mask = this.#masks[i]?.length === count ? this.#masks[i] : new Float32Array(count);
      return generator.dropoutMask(mask, dropoutRate(stage) ?? 0);
    });
    this.#maskedSize = size;
  }

  trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput | Promise<StepOutput> {
    if (size > this.#capacity) return this.grow(size).then(() => this.#trainStep(images, size, target));
    return this.#trainStep(images, size, target);
  }

  #trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput {
    this.#setBatch(images, 0, size);
    this.#setMasks(size);
    if (this.#stale) this.#prepare();
    this.#pool.run(entry.forward);
    const outputs = this.#readOutputs(size);
    const loss =
      target.kind === 'softTargets'
        ? this.#softTargetGradient(outputs, size, target)
        : this.#functionGradient(outputs, size, target.loss);
    this.#pool.run(entry.backward);
    return { loss, outputs };
  }

  #softTargetGradient(
    outputs: Float32Array,
    size: number,
    target: { probabilities: Float32Array; scale: number },
  ): number {
    const { probabilities, scale } = target;
    if (probabilities.length < size * this.classes)
      throw new InvalidArgumentError(
        'probabilities',
        `must hold size x classes = ${size * this.classes} values`,
        probabilities.length,
      );
    const { classes } = this;
    const { head } = this.graph;
    // The loss takes log-softmax of the outputs. After log-softmax that changes nothing, so the gradient goes
    // straight to the values in front of it; after softmax it must be taken back through the head.
    if (head === 'softmax') applyHead(outputs, size, classes, head);
    const gradient = new Float32Array(size * classes);
    const loss = softTargetCrossEntropy(outputs, size, classes, probabilities, scale, gradient);
    if (head === 'softmax') backThroughHead(outputs, gradient, size, classes, head);
    else applyHead(outputs, size, classes, head);
    this.#setOutputGradient(gradient, size);
    return loss;
  }

  /** Hands the outputs, which are small, to TensorFlow.js and takes the loss's gradient back. */
  #functionGradient(
    outputs: Float32Array,
    size: number,
    lossOf: (outputs: tf.Tensor2D) => tf.Scalar,
  ): number {
    const { classes } = this;
    applyHead(outputs, size, classes, this.graph.head);
    const [loss, gradient] = tf.tidy(() => {
      const x = tf.tensor2d(outputs, [size, classes]);
      const result = tf.valueAndGrad(
        (logits: tf.Tensor) => tf.reshape(lossOf(logits as tf.Tensor2D), []) as tf.Scalar,
      )(x);
      return [result.value.dataSync()[0], new Float32Array(result.grad.dataSync())];
    }) as unknown as [number, Float32Array];
    backThroughHead(outputs, gradient, size, classes, this.graph.head);
    this.#setOutputGradient(gradient, size);
    return loss;
  }

  #setOutputGradient(gradient: Float32Array, size: number): void {
    const { classes } = this;
    const stride = paddedChannels(classes);
    const start = this.#program.buffers[this.#output.index].gradient / 4;
    for (let i = 0; i < size; i++)
      this.#floats.set(gradient.subarray(i * classes, (i + 1) * classes), start + i * stride);
  }

  parametersChanged(): void {
    this.#stale = true;
  }

  predict(images: Float32Array, size: number): Float32Array | Promise<Float32Array> {
    const all = size > this.#capacity ? new Float32Array(size * this.classes) : this.#outputs;
    if (this.#stale) this.#prepare();
    this.#setInferenceCoefficients();
    for (let first = 0; first < size; first += this.#capacity) {
      const count = Math.min(this.#capacity, size - first);
      this.#setBatch(images, first, count);
      this.#pool.run(entry.infer);
      const outputs = this.#readOutputs(count);
      applyHead(outputs, count, this.classes, this.graph.head);
      if (all !== this.#outputs) all.set(outputs, first * this.classes);
    }
    return all.subarray(0, size * this.classes);
  }

  readWeights(): TensorDict {
    return Object.fromEntries(
      this.graph.weights.map((ref) => {
        const length = ref.shape.reduce((product, side) => product * side, 1);
        return [ref.name, { shape: [...ref.shape], data: this.#view(ref.name, 'value', length).slice() }];
      }),
    );
  }

  writeWeights(weights: TensorDict): void {
    const known = new Map(this.graph.weights.map((ref) => [ref.name, ref]));
    for (const [name, { data }] of Object.entries(weights)) {
      const ref = known.get(name);
      if (!ref)
        throw new InvalidArgumentError(
          'weights',
          `must name weights of the model: ${[...known.keys()]}`,
          name,
        );
      const length = ref.shape.reduce((product, side) => product * side, 1);
      if (data.length !== length)
        throw new InvalidArgumentError(`weights['${name}']`, `must hold ${length} values`, data.length);
    }
    for (const [name, { data }] of Object.entries(weights)) this.#view(name, 'value', data.length).set(data);
    this.#stale = true;
  }

  syncModel(): void {
    const weights = this.readWeights();
    tf.tidy(() => {
      for (const layer of this.model.layers)
        for (const variable of layer.weights) {
          const { shape, data } = weights[variable.originalName];
          variable.write(tf.tensor(data, [...shape]));
        }
    });
  }

  async dispose(): Promise<void> {
    await this.#pool.dispose();
  }

  /** Stages that draw dropout masks, in forward order. */
  #dropped(): Stage[] {
    return this.graph.stages.filter((stage) => dropoutRate(stage) !== undefined);
  }

  #setBatch(images: Float32Array, first: number, size: number): void {
    const pixels = this.inputShape[0] * this.inputShape[1] * this.inputShape[2];
    if (images.length < (first + size) * pixels)
      throw new InvalidArgumentError(
        'images',
        `must hold ${first + size} images of ${this.inputShape.join(' x ')} values`,
        images.length,
      );
    const chunkSize = chunkSizeOf(size);
    this.#words[control.size / 4] = size;
    this.#words[control.chunkSize / 4] = chunkSize;
    this.#words[control.chunks / 4] = Math.ceil(size / chunkSize);
    this.#floats.set(
      images.subarray(first * pixels, (first + size) * pixels),
      this.#program.buffers[0].raw / 4,
    );
  }

  #setMasks(size: number): void {
    const dropped = this.#dropped();
    if (dropped.length > 0 && this.#maskedSize !== size)
      throw new EngineError(
        `Dropout masks were drawn for ${this.#maskedSize} images and the batch has ${size}: ` +
          'call drawMasks(size, generator) before every training step.',
      );
    for (const [i, stage] of dropped.entries()) {
      const { channels } = stage.raw;
      const stride = paddedChannels(channels);
      const start = this.#program.buffers[stage.index].mask / 4;
      const mask = this.#masks[i];
      const pixels = masksPerImage(stage) / channels;
      if (stride === channels && pixels === 1) {
        this.#floats.set(mask, start);
        continue;
      }
      // Drawn in PyTorch's order, channel by channel; stored pixel by pixel.
      let next = 0;
      for (let image = 0; image < size; image++)
        for (let c = 0; c < channels; c++)
          for (let pixel = 0; pixel < pixels; pixel++)
            this.#floats[start + (image * pixels + pixel) * stride + c] = mask[next++];
    }
    this.#maskedSize = 0;
  }

  /** Brings the weights into the form that the kernels read. */
  #prepare(): void {
    this.#pool.run(entry.prepare);
    for (const stage of this.graph.stages) {
      const bias = biasOf(stage);
      if (affineOf(stage) !== 'bias' || !bias) continue;
      const length = stage.raw.channels;
      this.#floats.set(this.#view(bias.name, 'value', length), this.#program.buffers[stage.index].shift / 4);
    }
    this.#stale = false;
  }

  /** Batch norm with its running statistics, and nothing dropped. */
  #setInferenceCoefficients(): void {
    const floats = this.#floats;
    for (const stage of this.graph.stages) {
      const { batchNorm } = stage;
      const buffers = this.#program.buffers[stage.index];
      const { channels } = stage.raw;
      if (dropoutRate(stage) !== undefined) {
        const count = (masksPerImage(stage) / channels) * paddedChannels(channels);
        floats.fill(1, buffers.mask / 4, buffers.mask / 4 + this.#capacity * count);
      }
      if (!batchNorm) continue;
      const weight = (ref: WeightRef | undefined) => ref && this.#view(ref.name, 'value', channels);
      const gamma = weight(batchNorm.gamma);
      const beta = weight(batchNorm.beta);
      const mean = weight(batchNorm.movingMean) as Float32Array;
      const variance = weight(batchNorm.movingVariance) as Float32Array;
      const bias = weight(biasOf(stage));
      for (let c = 0; c < channels; c++) {
        const scale = (gamma?.[c] ?? 1) / Math.sqrt(variance[c] + batchNorm.epsilon);
        floats[buffers.scale / 4 + c] = scale;
        floats[buffers.shift / 4 + c] = (beta?.[c] ?? 0) - (mean[c] - (bias?.[c] ?? 0)) * scale;
      }
    }
  }

  /** The outputs before the head's activation, bias added. */
  #readOutputs(size: number): Float32Array {
    const { classes } = this;
    const stride = paddedChannels(classes);
    const start = this.#program.buffers[this.#output.index].raw / 4;
    const biasRef = biasOf(this.#output);
    const bias = biasRef && this.#view(biasRef.name, 'value', classes);
    const outputs = this.#outputs.subarray(0, size * classes);
    for (let i = 0; i < size; i++)
      for (let c = 0; c < classes; c++)
        outputs[i * classes + c] = this.#floats[start + i * stride + c] + (bias ? bias[c] : 0);
    return outputs;
  }
}

/** Dropout decisions per image: one a channel, or one a value. */
function masksPerImage({ producer, raw }: Stage): number {
  return producer.kind === 'elementDropout' ? raw.height * raw.width * raw.channels : raw.channels;
}

function modelWeights(model: LayersModel): TensorDict {
  return Object.fromEntries(
    model.layers.flatMap((layer) =>
      layer.weights.map((variable) => [
        variable.originalName,
        { shape: variable.shape as number[], data: variable.read().dataSync() as Float32Array },
      ]),
    ),
  );
}
