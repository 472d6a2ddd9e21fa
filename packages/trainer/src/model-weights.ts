import { ModelError, type TensorDict } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

interface Variable {
  readonly originalName: string;
  readonly name: string;
  read(): Tensor;
}

/** @throws ModelError for a model whose weights are no more. */
export function checkAlive(model: LayersModel): void {
  try {
    for (const weight of model.weights) weight.read();
  } catch (cause) {
    throw new ModelError('The model was disposed of, so it cannot be used any more. Make a new one', {
      cause,
    });
  }
}

/**
 * Copies the weights of `model` into `executor`, so that whatever was loaded into the model since the executor
 * last wrote it counts.
 */
export async function writeModelWeights(model: LayersModel, executor: Executor): Promise<void> {
  const variables = new Map<string, Variable>();
  for (const variable of model.weights as unknown as Variable[]) {
    // A second model with the same layer names gets `conv1/kernel_1` as name; the executor goes by the original.
    variables.set(variable.originalName ?? variable.name, variable);
  }
  const weights: TensorDict = {};
  for (const [name, { shape }] of Object.entries(await executor.readWeights())) {
    const variable = variables.get(name);
    if (variable === undefined)
      throw new ModelError(
        `The model has no weight ${name}, which its executor has; make a new Trainer for a changed model`,
      );
    weights[name] = { shape, data: (await variable.read().data()) as Float32Array };
  }
  await executor.writeWeights(weights);
}
