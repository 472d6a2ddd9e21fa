import { createEagerExecutor, createPlanExecutor, type Executor } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Vectors } from '../runners/runtimes.js';

/** What runs the model in a child process of ours. */
export type Engine =
  | { readonly name: 'plan'; readonly threads: number; readonly vectors: Vectors }
  | { readonly name: 'eager'; readonly backend: 'wasm' | 'cpu' }
  | { readonly name: 'tfjs'; readonly backend: 'wasm' | 'cpu' }
  | { readonly name: 'jax-js' }
  | { readonly name: 'onnxruntime'; readonly entry: string; readonly threads: number };

/** Those that are this project's. */
export type OwnEngine = Extract<Engine, { name: 'plan' | 'eager' }>;

/**
 * This project's executor for `engine`.
 *
 * @throws InvalidArgumentError where vectors of that width cannot be had, so that no others are measured in their name.
 */
export function makeExecutor(model: LayersModel, engine: OwnEngine, batchSize: number): Promise<Executor> {
  if (engine.name === 'plan') {
    const { threads, vectors } = engine;
    return createPlanExecutor(model, { threads, vectors, batchSize });
  }
  return createEagerExecutor(model, { backend: engine.backend, batchSize });
}
