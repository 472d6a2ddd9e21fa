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
import { PAGE_BYTES } from '../wasm/module-builder.js';
import { setBiases, setRunningNorms } from './coefficients.js';
import { DropoutMasks } from './dropout-masks.js';
import { readModel } from './graph/read-model.js';
import type { StageGraph, WeightRef } from './graph/stage.js';
import { applyHead, lossAndGradient } from './head.js';
import { PlanMemory } from './memory.js';
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
  readonly #masks: DropoutMasks;
  #capacity = 0;
  #memory!: PlanMemory;
  #pool!: ThreadPool;
  #outputs = new Float32Array(0);
  /** Whether the weights changed since they were last brought into the kernels' form. */
  #stale = true;

  constructor(
    readonly model: LayersModel,
    readonly graph: StageGraph,
    threads: number,
  ) {
    const { height, width, channels } = graph.stages[0].raw;
    this.inputShape = [height, width, channels];
    this.classes = graph.stages[graph.stages.length - 1].raw.channels;
    this.#threads = canShareMemory() ? threads : 1;
    this.#masks = new DropoutMasks(graph);
    // The views move when the memory grows, so parameters look them up.
    const view = (ref: WeightRef, kind: 'value' | 'gradient') => this.#memory.weight(ref, kind);
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

  /** Makes room for batches of `capacity` images. Weights move along. */
  async grow(capacity: number): Promise<void> {
    if (capacity <= this.#capacity) return;
    const shared = this.#threads > 1;
    const program = compileProgram(this.graph, { capacity, threads: this.#threads, shared });
    const pool = await startPool(program, this.#threads, shared, capacity);
    const memory = new PlanMemory(this.graph, program, pool.memory);
    const old = this.#pool;
    if (this.#capacity > 0) memory.writeWeights(this.#memory.readWeights());
    this.#memory = memory;
    this.#pool = pool;
    this.#capacity = capacity;
    this.#outputs = new Float32Array(capacity * this.classes);
    this.#stale = true;
    await old?.dispose();
  }

  drawMasks(size: number, generator: Generator): void {
    this.#masks.draw(size, generator);
  }

  trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput | Promise<StepOutput> {
    if (size > this.#capacity) return this.grow(size).then(() => this.#trainStep(images, size, target));
    return this.#trainStep(images, size, target);
  }

  #trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput {
    const memory = this.#memory;
    memory.setBatch(images, 0, size);
    this.#masks.use(memory, size);
    if (this.#stale) this.#prepare();
    this.#pool.run(entry.forward);
    const outputs = memory.readOutputs(size, this.#outputs);
    const { loss, gradient } = lossAndGradient(outputs, size, this.classes, this.graph.head, target);
    memory.setOutputGradient(gradient, size);
    this.#pool.run(entry.backward);
    return { loss, outputs };
  }

  parametersChanged(): void {
    this.#stale = true;
  }

  predict(images: Float32Array, size: number): Float32Array {
    const all = size > this.#capacity ? new Float32Array(size * this.classes) : this.#outputs;
    if (this.#stale) this.#prepare();
    setRunningNorms(this.graph, this.#memory);
    this.#masks.clear(this.#memory, Math.min(size, this.#capacity));
    for (let first = 0; first < size; first += this.#capacity) {
      const count = Math.min(this.#capacity, size - first);
      this.#memory.setBatch(images, first, count);
      this.#pool.run(entry.infer);
      const outputs = this.#memory.readOutputs(count, this.#outputs);
      applyHead(outputs, count, this.classes, this.graph.head);
      if (all !== this.#outputs) all.set(outputs, first * this.classes);
    }
    return all.subarray(0, size * this.classes);
  }

  readWeights(): TensorDict {
    return this.#memory.readWeights();
  }

  writeWeights(weights: TensorDict): void {
    this.#memory.writeWeights(weights);
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

  #prepare(): void {
    this.#pool.run(entry.prepare);
    setBiases(this.graph, this.#memory);
    this.#stale = false;
  }
}

async function startPool(
  program: Program,
  threads: number,
  shared: boolean,
  capacity: number,
): Promise<ThreadPool> {
  try {
    return await ThreadPool.start(program, threads, shared);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const megabytes = Math.round((program.pages * PAGE_BYTES) / 2 ** 20);
    throw new EngineError(
      `The plan needs ${megabytes} MiB for batches of ${capacity}: choose a smaller batch size.`,
      { cause: error },
    );
  }
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
