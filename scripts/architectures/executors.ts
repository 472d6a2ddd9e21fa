import { ModelError } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, type Executor } from '@mnist-kit/engine';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { Architecture } from '../../packages/engine/src/__tests__/architectures/spec.js';

type Make = (model: tfl.LayersModel, architecture: Architecture) => Executor | Promise<Executor>;

/** Everything that can run a net, by the name in the report. */
export const executors: Readonly<Record<string, Make>> = {
  // One thread or two, and room for the batch or a plan that has to grow.
  plan: (model, { batchSize, seed }) =>
    createPlanExecutor(model, { threads: 1 + (seed % 2), batchSize: seed % 3 === 0 ? 1 : batchSize }),
  'eager-wasm': (model) => createEagerExecutor(model, { backend: 'wasm' }),
  'eager-cpu': (model) => createEagerExecutor(model, { backend: 'cpu' }),
};

/** Why an executor gave no results: it refused the net, by name, or it failed. */
export interface Outcome {
  readonly kind: 'refused' | 'error';
  readonly message: string;
}

/** A net may be refused by an error of ours that names the layer; anything else that is thrown is a failure. */
export function outcomeOf(error: unknown): Outcome {
  // Layers are named by their number here.
  const message = (error as Error).message.replace(/"[A-Za-z]+\d+"/g, '"…"');
  if (error instanceof ModelError && message.startsWith('Layer "…"')) return { kind: 'refused', message };
  return { kind: 'error', message: `${(error as Error).constructor.name}: ${message}` };
}
