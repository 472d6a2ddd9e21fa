import { InvalidArgumentError, type TensorDict } from '@mnist-kit/core';
import * as tfl from '@tensorflow/tfjs-layers';

/**
 * Refuses what is no model that can be used: for functions that take one.
 *
 * @throws InvalidArgumentError for anything but a layers model whose weights are still there.
 * @example
 * ```ts
 * import { checkModel, optimizedNet } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * model.dispose();
 * checkModel(model); // "`model` must have its weights: `dispose` was called. Received: …"
 * ```
 */
export function checkModel(model: tfl.LayersModel): void {
  if (!(model instanceof tfl.LayersModel))
    throw new InvalidArgumentError('model', 'must be a tf.LayersModel', model);
  for (const { originalName, val } of model.weights as unknown as Weight[])
    if (val?.isDisposed)
      throw new InvalidArgumentError('model', 'must have its weights: `dispose` was called', originalName);
}

/** What TensorFlow.js keeps to itself of a weight. */
interface Weight {
  readonly originalName: string;
  readonly val?: { readonly isDisposed: boolean };
}

/** @throws InvalidArgumentError for anything but an object of `{ shape, data }`. */
export function checkDict(argument: string, dict: Readonly<TensorDict>): void {
  if (typeof dict !== 'object' || dict === null || Array.isArray(dict) || ArrayBuffer.isView(dict))
    throw new InvalidArgumentError(argument, 'must be an object of tensors by name', dict);
  if (dict instanceof Map)
    throw new InvalidArgumentError(argument, 'must be an object: Object.fromEntries(map)', dict);
  for (const [name, tensor] of Object.entries(dict)) {
    const shown = JSON.stringify(name);
    if (typeof tensor !== 'object' || tensor === null)
      throw new InvalidArgumentError(argument, `must have { shape, data } at ${shown}`, tensor);
    if (
      !Array.isArray(tensor.shape) ||
      !tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0)
    )
      throw new InvalidArgumentError(
        argument,
        `must have a \`shape\` of non-negative integers at ${shown}`,
        tensor.shape,
      );
    if (!(tensor.data instanceof Float32Array))
      throw new InvalidArgumentError(
        argument,
        `must have \`data\` in a Float32Array at ${shown}`,
        tensor.data,
      );
  }
}

/** @throws InvalidArgumentError for anything but bytes. */
export function checkBytes(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array))
    throw new InvalidArgumentError('bytes', 'must be a Uint8Array with the whole file', bytes);
}
