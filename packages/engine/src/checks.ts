import {
  CheckpointError,
  EngineError,
  InvalidArgumentError,
  ModelError,
  type TensorDict,
} from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { StepTarget } from './executor.js';

/**
 * What every executor refuses, in the same words and before it changes anything.
 */

/** @throws EngineError for an executor that was disposed of. */
export function checkOpen(disposed: boolean): void {
  if (disposed) throw new EngineError('This executor was disposed of. Make a new one.');
}

/**
 * @throws InvalidArgumentError for something that is no layers model, ModelError for one that was disposed of.
 */
export function checkModel(model: LayersModel): void {
  const lists = [model?.inputs, model?.outputs, model?.layers];
  if (!lists.every(Array.isArray) || typeof model.getWeights !== 'function')
    throw new InvalidArgumentError('model', 'must be a tf.LayersModel', model);
  try {
    for (const weight of model.weights) weight.read();
  } catch (cause) {
    throw new ModelError('The model was disposed of, so it cannot be used any more. Make a new one.', {
      cause,
    });
  }
}

/** @throws InvalidArgumentError for a size that no batch has. */
export function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new InvalidArgumentError('size', 'must be a positive integer', size);
}

/** @throws InvalidArgumentError for a bad size, or images of another type or of which there are too few. */
export function checkBatch(images: Float32Array, size: number, inputShape: readonly number[]): void {
  checkSize(size);
  const shape = inputShape.join(' x ');
  if (!(images instanceof Float32Array))
    throw new InvalidArgumentError(
      'images',
      `must be a Float32Array of ${size} images of ${shape} values`,
      images,
    );
  const pixels = inputShape.reduce((product, side) => product * side, 1);
  if (images.length < size * pixels)
    throw new InvalidArgumentError('images', `must hold ${size} images of ${shape} values`, images.length);
}

/** @throws InvalidArgumentError for a target of another kind, or one that does not fit the outputs. */
export function checkTarget(target: StepTarget, size: number, classes: number): void {
  if (target?.kind === 'function') {
    if (typeof target.loss !== 'function')
      throw new InvalidArgumentError('loss', 'must be a function of the outputs', target.loss);
    return;
  }
  if (target?.kind !== 'softTargets')
    throw new InvalidArgumentError(
      'target.kind',
      "must be 'softTargets' or 'function'",
      (target as StepTarget | undefined)?.kind,
    );
  const { probabilities, scale } = target;
  if (!(probabilities instanceof Float32Array))
    throw new InvalidArgumentError(
      'probabilities',
      `must be a Float32Array of ${size} x ${classes} values`,
      probabilities,
    );
  if (probabilities.length !== size * classes)
    throw new InvalidArgumentError(
      'probabilities',
      `must hold ${size} x ${classes} values`,
      probabilities.length,
    );
  if (!Number.isFinite(scale)) throw new InvalidArgumentError('scale', 'must be a finite number', scale);
}

/** A batch norm that is given `count` values per channel in training. */
export function checkNormInput(name: string, count: number): void {
  if (count < 2)
    throw new ModelError(
      `Layer "${name}" must see more than one value per channel in training. Received: ${count}, so take larger batches`,
    );
}

/**
 * Runs a loss of the user's.
 *
 * @throws InvalidArgumentError when it returns something else than a scalar.
 */
export function scalarLoss(loss: (outputs: tf.Tensor2D) => tf.Scalar, outputs: tf.Tensor2D): tf.Scalar {
  const value: unknown = loss(outputs);
  if (!(value instanceof tf.Tensor) || value.size !== 1)
    throw new InvalidArgumentError(
      'loss',
      'must return a scalar; use a reduction',
      value instanceof tf.Tensor ? value.shape : value,
    );
  return tf.reshape(value, []);
}

/** What TensorFlow.js says where the result does not depend on what it is differentiated by. */
const NO_PATH =
  /Cannot compute gradient of y=f\(x\) with respect to x|Cannot find a connection between any variable/;

/** @throws InvalidArgumentError for a loss that does not depend on the outputs; other errors as they come. */
export function explainLoss<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!NO_PATH.test(String(error))) throw error;
    throw new InvalidArgumentError(
      'loss',
      'must depend on the outputs, by operations with a gradient',
      'a constant',
    );
  }
}

/**
 * @param shapes Shape of each weight of the model by its name.
 * @throws CheckpointError when a name is unknown, or a shape or type does not fit.
 */
export function checkWeights(
  shapes: ReadonlyMap<string, readonly (number | null)[]>,
  weights: TensorDict,
): void {
  if (weights === null || typeof weights !== 'object')
    throw new CheckpointError(`Weights must be tensors by name. Received: ${String(weights)}`);
  for (const [name, tensor] of Object.entries(weights)) {
    const expected = shapes.get(name);
    if (expected === undefined)
      throw new CheckpointError(
        `The model has no weight named "${name}", but ${[...shapes.keys()].join(', ')}.`,
      );
    const { shape, data } = tensor ?? {};
    const size = expected.reduce<number>((product, length) => product * (length ?? 1), 1);
    if (!(data instanceof Float32Array))
      throw new CheckpointError(
        `Weight "${name}" must have its data as a Float32Array. Received: ${(data as object | undefined)?.constructor?.name ?? data}`,
      );
    if (String(shape) !== String(expected) || data.length !== size)
      throw new CheckpointError(
        `Weight "${name}" must have the shape [${expected.join(', ')}]. Received: [${String(shape)}] with ${data.length} values`,
      );
  }
}
