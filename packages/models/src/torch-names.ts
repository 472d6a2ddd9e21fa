import { CheckpointError, ModelError, type NamedTensor, type TensorDict } from '@mnist-kit/core';
import {
  type DescribedLayer,
  describeLayer,
  type FeatureOrder,
  inputOrders,
  type TorchInitializer,
  type UnknownLayer,
} from '@mnist-kit/layers';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkDict, checkModel } from './check-arguments.js';

/** How one TensorFlow.js weight appears in a PyTorch state dict. */
interface WeightRule {
  /** TensorFlow.js's name, e.g. `conv1/kernel`. */
  readonly name: string;
  /** PyTorch's name, e.g. `conv1.weight`. */
  readonly torchName: string;
  readonly shape: readonly number[];
  readonly torchShape: readonly number[];
  readonly variable: tfl.LayerVariable;
  /** How PyTorch initialises it. */
  readonly initial: TorchInitializer;
  toTorch(data: Float32Array): Float32Array;
  fromTorch(data: Float32Array): Float32Array;
}

/** The rules of one layer, and whether PyTorch counts its batches. */
export interface LayerRules {
  readonly layer: tfl.layers.Layer;
  readonly weights: readonly WeightRule[];
  /** Name of `num_batches_tracked`, for a BatchNorm. */
  readonly counterName?: string;
}

/**
 * Renames the weights of a model to PyTorch's state dict names and brings them into PyTorch's layouts:
 * `conv1/kernel` (height x width x in x out) becomes `conv1.weight` (out x in x height x width), `fc/kernel`
 * (in x out) becomes `fc.weight` (out x in), `bn1/moving_variance` becomes `bn1.running_var`, and so on.
 * Where an image is flattened PyTorch's features stand channels first: the order is followed through the graph, so
 * every linear layer and every norm behind a Flatten, however far, has its features where PyTorch has them.
 *
 * @param model The model that the weights belong to; its own weights are not read.
 * @param weights Weights by TensorFlow.js name, e.g. from an executor's `readWeights()`. Names that are left
 * out are left out of the result; the arrays are copied.
 * @throws ModelError when the model has a layer whose weights have no counterpart in PyTorch, or that joins
 * features which PyTorch would pair otherwise.
 * @throws CheckpointError when a name is not the model's or a tensor has the wrong shape.
 * @throws InvalidArgumentError when an argument has the wrong type, or the model was disposed.
 * @example
 * ```ts
 * import { optimizedNet, toTorchNames } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * const bias = { shape: [10], data: new Float32Array(10) };
 * const dict = toTorchNames(model, { 'fc/bias': bias }); // { 'fc.bias': … }
 * ```
 */
export function toTorchNames(model: tfl.LayersModel, weights: TensorDict): TensorDict {
  checkDict('weights', weights);
  const rules = torchRules(model).flatMap((layer) => layer.weights);
  rejectUnknown(
    weights,
    rules.map((rule) => rule.name),
  );
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const tensor = weights[rule.name];
      if (tensor === undefined) return [];
      checkTensor(rule.name, tensor, rule.shape);
      return [[rule.torchName, { shape: rule.torchShape, data: rule.toTorch(tensor.data) }]];
    }),
  );
}

/**
 * The inverse of {@link toTorchNames}: from PyTorch's names and layouts to TensorFlow.js's.
 * `num_batches_tracked` has no place in TensorFlow.js and is left out.
 *
 * @param model The model that the weights are meant for; it is not changed.
 * @param dict Tensors by PyTorch name. Names that are left out are left out of the result.
 * @throws ModelError when the model has a layer whose weights have no counterpart in PyTorch, or that joins
 * features which PyTorch would pair otherwise.
 * @throws CheckpointError when a name is not the model's or a tensor has the wrong shape.
 * @throws InvalidArgumentError when an argument has the wrong type, or the model was disposed.
 * @example
 * ```ts
 * import { fromTorchNames, optimizedNet } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * const bias = { shape: [10], data: new Float32Array(10) };
 * const weights = fromTorchNames(model, { 'fc.bias': bias }); // { 'fc/bias': … }
 * ```
 */
export function fromTorchNames(model: tfl.LayersModel, dict: TensorDict): TensorDict {
  checkDict('dict', dict);
  const layers = torchRules(model);
  const rules = layers.flatMap((layer) => layer.weights);
  const counters = layers.flatMap((layer) => layer.counterName ?? []);
  rejectUnknown(dict, [...rules.map((rule) => rule.torchName), ...counters]);
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const tensor = dict[rule.torchName];
      if (tensor === undefined) return [];
      checkTensor(rule.torchName, tensor, rule.torchShape);
      return [[rule.name, { shape: rule.shape, data: rule.fromTorch(tensor.data) }]];
    }),
  );
}

/** The rules of every layer that has weights, in the model's order, a layer's in the order of PyTorch's module. */
export function torchRules(model: tfl.LayersModel): LayerRules[] {
  checkModel(model);
  const orders = inputOrders(model);
  return model.layers
    .filter((layer) => layer.weights.length > 0)
    .map((layer) => {
      const described = describeLayer(layer);
      const weights = described.known ? weightRules(described, orders.get(layer)) : [];
      if (weights.length < layer.weights.length) throw withoutCounterpart(layer, described);
      const isBatchNorm = described.known && described.operation.kind === 'batchNorm';
      return { layer, weights, ...(isBatchNorm && { counterName: `${layer.name}.num_batches_tracked` }) };
    });
}

function weightRules(
  { layer, kind, operation, weights }: DescribedLayer,
  order: FeatureOrder = { kind: 'unknown', why: `layer "${layer.name}" is not part of the model's graph` },
): WeightRule[] {
  return Object.entries(kind.weights ?? {}).flatMap(([role, { torch, initial }]) => {
    const weight = weights.find((one) => one.role === role);
    if (weight === undefined) return [];
    const { name, shape, toTorch, fromTorch } = torch(weight, order, operation);
    const rule = { name: weight.name, shape: weight.shape, variable: weight.variable, initial };
    return [{ ...rule, torchName: `${layer.name}.${name}`, torchShape: shape, toTorch, fromTorch }];
  });
}

function withoutCounterpart(layer: tfl.layers.Layer, described: DescribedLayer | UnknownLayer): ModelError {
  const roles = describedWeights(described);
  const names = layer.weights.map(({ originalName }) =>
    originalName.slice(originalName.lastIndexOf('/') + 1),
  );
  const weight = names.find((name) => !roles.includes(name));
  return new ModelError(
    `Layer "${layer.name}" (${layer.getClassName()}) has a weight "${weight}" that has no counterpart in a PyTorch state dict. ` +
      'Known layers: Conv2D, DepthwiseConv2D, Dense, BatchNormalization, LayerNormalization.',
  );
}

const describedWeights = (described: DescribedLayer | UnknownLayer): string[] =>
  described.known ? Object.keys(described.kind.weights ?? {}) : [];

/** @throws CheckpointError when a tensor's shape or number of values is not what the model has. */
export function checkTensor(name: string, tensor: NamedTensor, shape: readonly number[]): void {
  const size = shape.reduce((product, length) => product * length, 1);
  if (tensor.shape.length !== shape.length || tensor.shape.some((length, i) => length !== shape[i]))
    throw new CheckpointError(
      `Tensor "${name}" must have the shape [${shape.join(', ')}] that the model has. ` +
        `Received: [${tensor.shape.join(', ')}]`,
    );
  if (tensor.data.length !== size)
    throw new CheckpointError(`Tensor "${name}" must hold ${size} values. Received: ${tensor.data.length}`);
}

function rejectUnknown(dict: TensorDict, known: readonly string[]): void {
  const unknown = Object.keys(dict).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new CheckpointError(`The model has no tensor named ${unknown.slice(0, 8).join(', ')}.`);
}
