import { ModelError } from '@mnist-kit/core';
import { type FeatureOrder, placesOf } from '../features/feature-order.js';
import type { LayerWeight } from '../weights.js';
import { gatherRows, hwioToOihw, oihwToHwio, scatterRows, transpose } from './layouts.js';

/**
 * How a weight stands in a PyTorch state dict.
 *
 * @example
 * ```ts
 * import type { TorchWeight } from '@mnist-kit/layers';
 *
 * const bias: TorchWeight = { name: 'bias', shape: [10], toTorch: (data) => data, fromTorch: (data) => data };
 * ```
 */
export interface TorchWeight {
  /** Behind the layer's name: `weight`, `running_mean`. */
  readonly name: string;
  readonly shape: readonly number[];
  toTorch(data: Float32Array): Float32Array;
  fromTorch(data: Float32Array): Float32Array;
}

const copy = (data: Float32Array): Float32Array => data.slice();

/** `height x width x in x out` becomes `out x in x height x width`. */
export function convKernel({ shape }: LayerWeight): TorchWeight {
  const [height, width, inputs, outputs] = shape;
  const torchShape = [outputs, inputs, height, width];
  return {
    name: 'weight',
    shape: torchShape,
    toTorch: (data) => hwioToOihw(data, shape),
    fromTorch: (data) => oihwToHwio(data, torchShape),
  };
}

/** `height x width x in x multiplier` becomes `in * multiplier x 1 x height x width`. */
export function depthwiseKernel({ shape }: LayerWeight): TorchWeight {
  const [height, width, inputs, multiplier] = shape;
  // The same values in the same order as one input channel with in * multiplier outputs.
  const flat = [height, width, 1, inputs * multiplier];
  const torchShape = [inputs * multiplier, 1, height, width];
  return {
    name: 'weight',
    shape: torchShape,
    toTorch: (data) => hwioToOihw(data, flat),
    fromTorch: (data) => oihwToHwio(data, torchShape),
  };
}

/** `in x out` becomes `out x in`, the inputs in PyTorch's order. */
export function linearKernel(
  { name, shape: [inputs, outputs] }: LayerWeight,
  order: FeatureOrder,
): TorchWeight {
  const places = certainPlaces(order, name);
  return {
    name: 'weight',
    shape: [outputs, inputs],
    toTorch: (data) => transpose(places ? scatterRows(data, places, outputs) : data, inputs, outputs),
    fromTorch: (data) => {
      const matrix = transpose(data, outputs, inputs);
      return places ? gatherRows(matrix, places, outputs) : matrix;
    },
  };
}

/** A vector in the layer's own order: a bias. */
export const plainVector =
  (torchName: string) =>
  ({ shape }: LayerWeight): TorchWeight => ({ name: torchName, shape, toTorch: copy, fromTorch: copy });

/** A value per channel, or per feature in the order in which the features come. */
export const perFeature =
  (torchName: string) =>
  (weight: LayerWeight, order: FeatureOrder): TorchWeight => {
    const places = certainPlaces(order, weight.name);
    if (!places) return plainVector(torchName)(weight);
    return {
      name: torchName,
      shape: weight.shape,
      toTorch: (data) => scatterRows(data, places, 1),
      fromTorch: (data) => gatherRows(data, places, 1),
    };
  };

function certainPlaces(order: FeatureOrder, weight: string): Int32Array | undefined {
  if (order.kind === 'unknown')
    throw new ModelError(
      `Weight "${weight}" has no certain counterpart in a PyTorch state dict: ${order.why}`,
    );
  return placesOf(order);
}
