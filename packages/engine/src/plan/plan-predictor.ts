import type { TensorDict } from '@mnist-kit/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkBatch, checkModel, checkOpen } from '../checks.js';
import type { DisposablePredictor, PredictorOptions } from '../executor.js';
import { readModel } from './graph/read-model.js';
import type { StageGraph } from './graph/stage.js';
import { modelWeights } from './model-weights.js';
import { describePlan, type PlanSettings, planSettings } from './plan-settings.js';
import { compileInference } from './program.js';
import { endRoom, endWith, makeRoom, type Room } from './room.js';

/**
 * Compiles the inference of a model.
 *
 * @throws UnsupportedLayerError for a model with a layer that the plan does not know.
 * @throws EngineError where WebAssembly with SIMD is missing or memory runs out.
 */
export async function createPlanPredictor(
  model: LayersModel,
  options: PredictorOptions,
): Promise<DisposablePredictor> {
  checkModel(model);
  const graph = readModel(model);
  const settings = await planSettings(options);
  const room = await makeRoom(graph, compileInference(graph, settings), settings);
  const predictor = new PlanPredictor(graph, settings, room);
  endWith(predictor, room);
  predictor.writeWeights(modelWeights(model));
  return predictor;
}

class PlanPredictor implements DisposablePredictor {
  readonly engine = 'plan';
  readonly description: string;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Absent after `dispose`. */
  #made: Room | undefined;

  constructor(graph: StageGraph, settings: PlanSettings, room: Room) {
    const { height, width, channels } = graph.stages[0].raw;
    this.inputShape = [height, width, channels];
    this.classes = graph.stages[graph.stages.length - 1].raw.channels;
    this.description = `${describePlan(settings)}, inference`;
    this.#made = room;
  }

  get #room(): Room {
    checkOpen(this.#made === undefined);
    return this.#made as Room;
  }

  predict(images: Float32Array, size: number): Float32Array {
    const { inference } = this.#room;
    checkBatch(images, size, this.inputShape);
    return inference.predict(images, size);
  }

  readWeights(): TensorDict {
    return this.#room.memory.readWeights();
  }

  writeWeights(weights: TensorDict): void {
    const { memory, inference } = this.#room;
    memory.writeWeights(weights);
    inference.weightsChanged();
  }

  async dispose(): Promise<void> {
    const made = this.#made;
    // Memory goes back although somebody may keep the predictor.
    this.#made = undefined;
    await endRoom(made);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
