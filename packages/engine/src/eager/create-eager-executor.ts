import { ModelError } from '@mnist-kit/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkEagerOptions } from '../check-options.js';
import { checkModel } from '../checks.js';
import type { DisposableExecutor, EagerExecutorOptions } from '../executor.js';
import { ensureBackend, useBackend } from './backends.js';
import { checkLayers } from './check-layers.js';
import { EagerExecutor } from './eager-executor.js';
import { layersOf, traceGraph } from './graph.js';
import { collectParameters } from './weights.js';

/**
 * Makes an executor that runs a model op by op with TensorFlow.js, whatever layers it has, on any backend.
 *
 * It works on the model's own weights, so the model is always in step with it. Gradients come from
 * TensorFlow.js's tape; those that its wasm backend lacks (of the filter of a convolution, and of depthwise
 * convolutions) are added to it. Dropout is drawn from the given `Generator`, and BatchNorm's running
 * variance is the unbiased one, as in PyTorch. Penalties of the layers' regularizers are part of the loss.
 *
 * @param model A model with one input, a sample of rank 1 to 3, and one output of rank 2,
 * `n x classes`. Images are `height x width x channels`; a sample of rank 1 counts as `1 x 1 x n` and one of
 * rank 2 as `height x width x 1`.
 * @param options See {@link EagerExecutorOptions}.
 * @throws ModelError when the model's input or output is something else, or a layer makes masks.
 * @throws InvalidArgumentError for options that do not exist or cannot work.
 * @throws EngineError when the backend does not start.
 * @example
 * ```ts
 * import { createEagerExecutor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const executor = await createEagerExecutor(optimizedNet(), { backend: 'auto' });
 * console.log(executor.description); // eager, TensorFlow.js wasm backend
 * const logProbabilities = await executor.predict(new Float32Array(784), 1);
 * ```
 */
export async function createEagerExecutor(
  model: tfl.LayersModel,
  options: EagerExecutorOptions = {},
): Promise<DisposableExecutor> {
  checkEagerOptions('createEagerExecutor', options, ['auto', 'eager']);
  checkModel(model);
  const { batchSize = 128, backend } = options;
  const graph = traceGraph(model);
  const sampleShape = readSampleShape(model);
  const classes = readClasses(model);
  checkLayers([...model.inputLayers, ...layersOf(graph)]);
  if (backend === undefined) await ensureBackend();
  else await useBackend(backend);

  return new EagerExecutor({
    graph,
    parameters: await collectParameters(layersOf(graph)),
    sampleShape,
    inputShape: toImageShape(sampleShape),
    classes,
    batchSize,
    reason: options.reason,
  });
}

function readSampleShape(model: tfl.LayersModel): number[] {
  const shape = model.inputs[0].shape.slice(1);
  if (shape.length < 1 || shape.length > 3 || shape.some((length) => length === null))
    throw new ModelError(
      `The model's input must be samples of rank 1 to 3 with fixed sizes. Received: [${model.inputs[0].shape.join(', ')}]`,
    );
  return shape as number[];
}

function readClasses(model: tfl.LayersModel): number {
  const { shape } = model.outputs[0];
  if (shape.length !== 2 || shape[1] === null)
    throw new ModelError(`The model's output must be n x classes. Received: [${shape.join(', ')}]`);
  return shape[1];
}

function toImageShape(sample: readonly number[]): [number, number, number] {
  if (sample.length === 1) return [1, 1, sample[0]];
  if (sample.length === 2) return [sample[0], sample[1], 1];
  return [sample[0], sample[1], sample[2]];
}
