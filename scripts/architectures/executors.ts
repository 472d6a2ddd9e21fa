import { createEagerExecutor, createPlanExecutor, type Executor } from '@mnist-kit/engine';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { Architecture } from '../../packages/engine/src/__tests__/architectures/spec.js';

type Make = (model: tfl.LayersModel, architecture: Architecture) => Executor | Promise<Executor>;

/** Everything that can run a net, by the name in the report. */
export const executors: Readonly<Record<string, Make>> = {
  plan: (model, { batchSize, seed }) => createPlanExecutor(model, { threads: 1 + (seed % 2), batchSize }),
  'eager-wasm': (model) => createEagerExecutor(model, { backend: 'wasm' }),
  'eager-cpu': (model) => createEagerExecutor(model, { backend: 'cpu' }),
};

/** Why an executor gave no results: it refused the net, by name, or it failed. */
export interface Outcome {
  readonly kind: 'refused' | 'error';
  readonly message: string;
}

/** The plan may refuse a net that eager runs; anything else that is thrown is a failure. */
export function outcomeOf(executor: string, error: unknown): Outcome {
  const { message } = error as Error;
  const name = (error as Error).constructor.name;
  // Layers are named by their number here.
  const reason = message.replace(/"[A-Za-z]+\d+"/g, '"…"');
  if (executor === 'plan' && name === 'UnsupportedLayerError') return { kind: 'refused', message: reason };
  return { kind: 'error', message: `${name}: ${reason}` };
}
