import { ModelError } from '@mnist-kit/core';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describeLayer } from '../describe-layer.js';
import type { FeatureOrder } from './feature-order.js';
import { sameOrder, VECTOR } from './feature-order.js';

/**
 * The order of the features that each layer reads, followed through the graph from the model's inputs.
 *
 * @param model Any layers model.
 * @returns For each layer of the graph the order of its first input.
 * @throws ModelError where a layer pairs features that PyTorch would pair otherwise.
 * @example
 * ```ts
 * import { inputOrders } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential();
 * model.add(tf.layers.flatten({ inputShape: [2, 1, 2] }));
 * model.add(tf.layers.dense({ units: 10 }));
 * console.log(inputOrders(model).get(model.layers[1])); // { kind: 'vector', places: Int32Array [0, 2, 1, 3] }
 * ```
 */
export function inputOrders(model: LayersModel): ReadonlyMap<layers.Layer, FeatureOrder> {
  const read = new Map<layers.Layer, FeatureOrder>();
  const known = new Map<number, FeatureOrder>();

  const visit = (tensor: SymbolicTensor): FeatureOrder => {
    const seen = known.get(tensor.id);
    if (seen !== undefined) return seen;
    const { sourceLayer: layer, nodeIndex } = tensor;
    const node = layer.inboundNodes[nodeIndex];
    const isInput = layer.getClassName() === 'InputLayer';
    const inputs = isInput ? [] : node.inputTensors.map(visit);
    if (inputs.length > 0) {
      const before = read.get(layer);
      // A layer that is applied twice has one set of weights for both.
      const order: FeatureOrder =
        before === undefined || sameOrder(before, inputs[0])
          ? inputs[0]
          : { kind: 'unknown', why: 'it is applied to features in different orders' };
      read.set(layer, order);
    }
    const order = outputOrder(
      layer,
      inputs,
      isInput ? [] : node.inputTensors.map(({ shape }) => shape),
      tensor.shape,
    );
    known.set(tensor.id, order);
    return order;
  };
  for (const output of model.outputs) visit(output);
  return read;
}

function outputOrder(
  layer: layers.Layer,
  inputs: readonly FeatureOrder[],
  inputShapes: readonly (readonly (number | null)[])[],
  shape: readonly (number | null)[],
): FeatureOrder {
  const described = describeLayer(layer);
  if (described.known && described.kind.order)
    return described.kind.order({
      operation: described.operation,
      inputs,
      inputShapes,
      refuse: (why) => new ModelError(`Layer "${layer.name}" (${layer.getClassName()}): ${why}`),
    });
  if (inputs.length === 0) return start(shape);
  if (described.known) return inputs[0];
  return guess(layer, inputs, inputShapes, shape);
}

/** What the model itself is given. */
const start = (shape: readonly (number | null)[]): FeatureOrder =>
  shape.length > 2 ? { kind: 'image', dataFormat: 'channelsLast' } : VECTOR;

/** Layers that put values of different axes into one, or take them apart. */
const reorders = new Set(['Reshape', 'Permute', 'RepeatVector', 'TimeDistributed', 'Dot']);

/** A layer that nobody described: it may do anything, but images stay images and plain vectors plain vectors. */
function guess(
  layer: layers.Layer,
  inputs: readonly FeatureOrder[],
  inputShapes: readonly (readonly (number | null)[])[],
  shape: readonly (number | null)[],
): FeatureOrder {
  const className = layer.getClassName();
  const keepsRank = inputShapes.every((input) => input.length === shape.length);
  const plain = inputs.every((order) => order.kind === 'image' || (order.kind === 'vector' && !order.places));
  if (keepsRank && plain && !reorders.has(className)) return inputs[0];
  return { kind: 'unknown', why: `PyTorch's order behind layer "${layer.name}" (${className}) is not known` };
}
