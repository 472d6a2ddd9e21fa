import { createEagerExecutor, createPlanExecutor, type Executor } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What runs the model in a child process of ours. */
export type Engine =
  | { readonly name: 'plan'; readonly threads: number }
  | { readonly name: 'eager' | 'tfjs'; readonly backend: 'wasm' | 'cpu' };

/** This project's executor for `engine`. */
export function makeExecutor(model: LayersModel, engine: Engine, batchSize: number): Promise<Executor> {
  if (engine.name === 'plan') return createPlanExecutor(model, { threads: engine.threads, batchSize });
  return createEagerExecutor(model, { backend: engine.backend, batchSize });
}
