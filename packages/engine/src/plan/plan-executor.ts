import type { Generator, Parameter, TensorDict } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkPlanOptions } from '../check-options.js';
import { checkBatch, checkModel, checkNormInput, checkOpen, checkSize, checkTarget } from '../checks.js';
import type { DisposableExecutor, ExecutorOptions, StepOutput, StepTarget } from '../executor.js';
import { addPenalties } from '../penalties.js';
import { setBiases } from './coefficients.js';
import { DropoutMasks } from './dropout-masks.js';
import { entry } from './entries.js';
import { readModel } from './graph/read-model.js';
import type { StageGraph, WeightRef } from './graph/stage.js';
import { lossAndGradient } from './head.js';
import type { VectorBits } from './machine.js';
import { modelWeights } from './model-weights.js';
import { describePlan, type PlanSettings, planSettings } from './plan-settings.js';
import { compileProgram } from './program.js';
import { endRoom, endWith, makeRoom, type Room } from './room.js';

/**
 * Compiles a model into a plan and makes an executor of it.
 *
 * @throws InvalidArgumentError for options that do not exist or cannot work.
 * @throws UnsupportedLayerError for a model with a layer that the plan does not know.
 * @throws EngineError where WebAssembly with SIMD is missing or memory runs out.
 *
 * @example
 * ```ts
 * import { createPlanExecutor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const executor = await createPlanExecutor(optimizedNet(), { threads: 2, batchSize: 128 });
 * console.log(executor.description); // plan, WebAssembly SIMD, 2 threads
 * await executor.dispose();
 * ```
 */
export async function createPlanExecutor(
  model: LayersModel,
  options: ExecutorOptions = {},
): Promise<DisposableExecutor> {
  checkPlanOptions(options);
  checkModel(model);
  const graph = readModel(model);
  const settings = await planSettings(options);
  const executor = new PlanExecutor(model, graph, settings);
  await executor.grow(settings.capacity);
  await executor.writeWeights(modelWeights(model));
  return executor;
}

class PlanExecutor implements DisposableExecutor {
  readonly engine = 'plan';
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly parameters: readonly Parameter[];
  readonly #settings: PlanSettings;
  readonly #masks: DropoutMasks;
  /** Absent before the first `grow` and after `dispose`. */
  #made: Room | undefined;
  /** Of the last training step. */
  #outputs = new Float32Array(0);
  #disposed = false;
  /** Whether the weights changed since they were last brought into the kernels' form. */
  #stale = true;

  constructor(
    readonly model: LayersModel,
    readonly graph: StageGraph,
    settings: PlanSettings,
  ) {
    const { height, width, channels } = graph.stages[0].raw;
    this.inputShape = [height, width, channels];
    this.classes = graph.stages[graph.stages.length - 1].raw.channels;
    this.#settings = settings;
    this.#masks = new DropoutMasks(graph);
    // The views move when the memory grows, so parameters look them up.
    const view = (ref: WeightRef, kind: 'value' | 'gradient') => this.#room.memory.weight(ref, kind);
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
    return describePlan(this.#settings);
  }

  get threads(): number {
    return this.#settings.threads;
  }

  get vectors(): VectorBits {
    return this.#settings.machine.bits;
  }

  get note(): string | undefined {
    return this.#settings.note;
  }

  get #room(): Room {
    this.#checkOpen();
    return this.#made as Room;
  }

  #checkOpen(): void {
    checkOpen(this.#disposed);
  }

  /** Makes room for batches of `capacity` images. Weights move along. */
  async grow(capacity: number): Promise<void> {
    const settings = { ...this.#settings, capacity };
    const room = await makeRoom(this.graph, compileProgram(this.graph, settings), settings);
    const old = this.#made;
    if (this.#disposed) await endRoom(room);
    else {
      if (old) room.memory.writeWeights(old.memory.readWeights());
      this.#made = room;
      this.#outputs = new Float32Array(capacity * this.classes);
      this.#stale = true;
      endWith(this, room);
    }
    await endRoom(old);
  }

  drawMasks(size: number, generator: Generator): void {
    this.#checkOpen();
    checkSize(size);
    this.#masks.draw(size, generator);
  }

  trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput | Promise<StepOutput> {
    this.#checkOpen();
    checkBatch(images, size, this.inputShape);
    checkTarget(target, size, this.classes);
    this.#checkNorms(size);
    this.#masks.check(size);
    if (size > this.#room.capacity) return this.grow(size).then(() => this.#trainStep(images, size, target));
    return this.#trainStep(images, size, target);
  }

  #trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput {
    const { memory, pool, inference } = this.#room;
    memory.setBatch(images, 0, size);
    this.#masks.use(memory, size);
    if (this.#stale) this.#prepare();
    const undo = target.kind === 'function' ? this.#keepStatistics() : undefined;
    // The forward pass moves the running statistics.
    inference.weightsChanged();
    pool.run(entry.forward);
    const outputs = memory.readOutputs(size, this.#outputs);
    try {
      const { loss, gradient } = lossAndGradient(outputs, size, this.classes, this.graph.head, target);
      memory.setOutputGradient(gradient, size);
      pool.run(entry.backward);
      return { loss: loss + this.#addPenalties(), outputs };
    } catch (error) {
      undo?.();
      throw error;
    }
  }

  /** The running statistics as they are; a loss of the user's that fails comes after they have moved. */
  #keepStatistics(): () => void {
    const { memory } = this.#room;
    const kept = this.graph.stages.flatMap(({ batchNorm }) =>
      batchNorm ? [batchNorm.movingMean, batchNorm.movingVariance] : [],
    );
    const values = kept.map((ref) => memory.weight(ref).slice());
    return () => {
      for (const [i, ref] of kept.entries()) memory.weight(ref).set(values[i]);
    };
  }

  /** @throws ModelError when a batch norm would see one value per channel, as PyTorch does. */
  #checkNorms(size: number): void {
    for (const { batchNorm, raw } of this.graph.stages)
      if (batchNorm)
        checkNormInput(batchNorm.movingMean.name.replace(/\/[^/]*$/, ''), size * raw.height * raw.width);
  }

  /** What the layers' regularizers add to loss and gradients. */
  #addPenalties(): number {
    const { memory } = this.#room;
    return addPenalties(
      this.graph.penalties.map(({ weight, l1, l2 }) => ({
        value: memory.weight(weight),
        gradient: weight.trainable ? memory.weight(weight, 'gradient') : undefined,
        ...{ l1, l2 },
      })),
    );
  }

  parametersChanged(): void {
    this.#room.inference.weightsChanged();
    this.#stale = true;
  }

  predict(images: Float32Array, size: number): Float32Array {
    this.#checkOpen();
    checkBatch(images, size, this.inputShape);
    return this.#room.inference.predict(images, size);
  }

  readWeights(): TensorDict {
    return this.#room.memory.readWeights();
  }

  writeWeights(weights: TensorDict): void {
    const { memory, inference } = this.#room;
    memory.writeWeights(weights);
    inference.weightsChanged();
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
    this.#disposed = true;
    const made = this.#made;
    // Memory goes back although somebody may keep the executor.
    this.#made = undefined;
    await endRoom(made);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #prepare(): void {
    const { memory, pool } = this.#room;
    pool.run(entry.prepare);
    setBiases(this.graph, memory);
    this.#stale = false;
  }
}
